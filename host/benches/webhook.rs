//! Signed 24 kB webhooks, each with its own delivery id and arguments, to durable requests; against `webhook` 2.8 from
//! Debian, which runs `true` for each and keeps nothing. One core for the client, one for the server; short rounds of
//! both are interleaved. Afterwards the rows are counted: they must equal the 2xx.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

mod measure;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use measure::median;
use sha2::Sha256;
use tempfile::TempDir;

const SECRET: &str = "a secret for the benchmark";
const CONNECTIONS: usize = 32;
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

fn main() {
    if Command::new("webhook").arg("-version").output().is_err() {
        println!("webhook rate: left out, `webhook` is not installed (apt-get install webhook)");
        return;
    }
    let folder = TempDir::new().unwrap();
    let ours = Server::innkeeper(folder.path());
    let theirs = Server::webhook(folder.path());
    let (mut our_rates, mut their_rates, mut accepted) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        let count = load(&ours, round);
        accepted += count;
        our_rates.push(count as f64 / ROUND.as_secs_f64());
        their_rates.push(load(&theirs, round) as f64 / ROUND.as_secs_f64());
    }
    let (our_rate, their_rate) = (median(&mut our_rates), median(&mut their_rates));
    println!(
        "signed webhooks to durable requests: {:.1} times the rate of webhook 2.8 ({our_rate:.0} a second against \
         {their_rate:.0}); the bar is 5 times at least",
        our_rate / their_rate
    );
    drop(ours);
    let rows = count_requests(&folder.path().join("data/queue.db"));
    assert_eq!(rows, accepted, "rows in the queue, against 2xx answers");
    println!("{rows} requests on the queue, {accepted} answers of 2xx");
}

struct Server {
    process: Child,
    address: SocketAddr,
    path: &'static str,
}

impl Server {
    fn innkeeper(folder: &Path) -> Self {
        let namespace = folder.join("workspace/bench");
        std::fs::create_dir_all(&namespace).unwrap();
        let host = "[server]\nlisten = \"127.0.0.1:0\"\n[namespaces.bench]\ntrust = \"trusted\"\n";
        std::fs::write(folder.join("innkeeper.toml"), host).unwrap();
        // An hour's delay: what is measured is keeping requests, as `webhook` is measured without its command's work.
        let rule = "[jobs.build]\nrun_args_template = \"echo {sha}\"\n[[github]]\nevent = \"push\"\njob_type = \"build\"\n\
                    delay_seconds = 3600\nargs = { sha = \"/after\" }\n";
        std::fs::write(namespace.join("namespace.toml"), rule).unwrap();
        let mut process = on_core(1, env!("CARGO_BIN_EXE_innkeeper"))
            .arg("--config")
            .arg(folder.join("innkeeper.toml"))
            .arg("serve")
            .env("GITHUB_WEBHOOK_SECRET", SECRET)
            .env("INNKEEPER_LOG", "warn,innkeeper::app=info")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(
                log.read_line(&mut line).unwrap() > 0,
                "innkeeper ended before it listened"
            );
            if let Some(found) = line.split("\"address\":\"").nth(1) {
                break found.split('"').next().unwrap().parse().unwrap();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::stderr()));
        Self {
            process,
            address,
            path: "/github/bench/",
        }
    }

    fn webhook(folder: &Path) -> Self {
        let hooks = serde_json::json!([{
            "id": "bench",
            "execute-command": "/bin/true",
            "pass-arguments-to-command": [{ "source": "payload", "name": "after" }],
            "trigger-rule": { "match": {
                "type": "payload-hmac-sha256",
                "secret": SECRET,
                "parameter": { "source": "header", "name": "X-Hub-Signature-256" },
            }},
        }]);
        let file = folder.join("hooks.json");
        std::fs::write(&file, hooks.to_string()).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = on_core(1, "webhook")
            .args(["-ip", "127.0.0.1", "-port", &address.port().to_string(), "-hooks"])
            .arg(file)
            .env("GOMAXPROCS", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < patience, "webhook does not listen");
            std::thread::yield_now();
        }
        Self {
            process,
            address,
            path: "/hooks/bench",
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn on_core(core: usize, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), program]);
    command
}

/// Sends for one round from one core, and returns how many were answered by 2xx.
fn load(server: &Server, round: usize) -> u64 {
    let pinned = Command::new("taskset")
        .args(["-acp", "0", &std::process::id().to_string()])
        .output()
        .unwrap();
    assert!(
        pinned.status.success(),
        "taskset: {}",
        String::from_utf8_lossy(&pinned.stderr)
    );
    let (accepted, end) = (Arc::new(AtomicU64::new(0)), Instant::now() + ROUND);
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let accepted = accepted.clone();
            scope.spawn(move || {
                let mut client = Client::connect(server);
                for number in 0.. {
                    if Instant::now() >= end {
                        break;
                    }
                    if client.post(server, &format!("{round:04x}{connection:04x}{number:08x}")) {
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    accepted.load(Ordering::Relaxed)
}

struct Client {
    stream: TcpStream,
    padding: String,
    answer: Vec<u8>,
}

impl Client {
    fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            padding: padding(),
            answer: vec![0; 16 * 1024],
        }
    }

    /// Posts one delivery of its own and says whether the answer was 2xx.
    fn post(&mut self, server: &Server, id: &str) -> bool {
        let body = format!(
            "{{\"after\":\"{id}\",\"repository\":{{\"full_name\":\"acme/site\"}},{}}}",
            self.padding
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nx-github-event: push\r\n\
             x-github-delivery: {id}\r\nx-hub-signature-256: sha256={}\r\ncontent-length: {}\r\n\r\n",
            server.path,
            hex::encode(mac.finalize().into_bytes()),
            body.len()
        );
        self.stream.write_all((head + &body).as_bytes()).unwrap();
        self.read_answer()
    }

    fn read_answer(&mut self) -> bool {
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.answer[filled..]).unwrap();
            assert!(read > 0, "the server hung up");
            filled += read;
            let text = String::from_utf8_lossy(&self.answer[..filled]).to_ascii_lowercase();
            let Some(end) = text.find("\r\n\r\n") else { continue };
            let length = text.split("content-length: ").nth(1).map_or(0, |rest| {
                rest.split("\r\n").next().unwrap().trim().parse::<usize>().unwrap()
            });
            if filled >= end + 4 + length {
                return text.starts_with("http/1.1 2");
            }
        }
    }
}

/// What makes a payload 24 kB, in the shape of a push with many commits.
fn padding() -> String {
    let commit = |number: usize| {
        format!(
            "{{\"id\":\"{number:040x}\",\"message\":\"a commit\",\"author\":{{\"name\":\"A\",\"email\":\"a@example.org\"}},\"added\":[\"a.txt\"],\"removed\":[],\"modified\":[\"b.txt\"]}}"
        )
    };
    let mut commits = Vec::new();
    let mut length = 0;
    for number in 0.. {
        let commit = commit(number);
        length += commit.len() + 1;
        if length > 23_800 {
            break;
        }
        commits.push(commit);
    }
    format!("\"commits\":[{}]", commits.join(","))
}

fn count_requests(database: &Path) -> u64 {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection
        .query_row("SELECT count(*) FROM request", (), |row| row.get::<_, i64>(0))
        .unwrap()
        .unsigned_abs()
}
