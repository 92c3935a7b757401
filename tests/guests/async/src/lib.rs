//! A program of WASI 0.3: its `main` is asynchronous, and its first argument says what it does.
//!
//! It has no `main` of Rust's, which would be one of WASI 0.2.

#![cfg(target_os = "wasi")]
#![allow(unsafe_code, reason = "the macro that exports `main` writes some")]

use std::fs;
use std::time::{Duration, Instant};

use futures_util::future::join;
use wasip3::cli::{command, environment, stdout};
use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::exports::cli::run::Guest;
use wasip3::filesystem::preopens::get_directories;
use wasip3::sockets::types::{IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};

struct Program;

command::export!(Program);

impl Guest for Program {
    async fn run() -> Result<(), ()> {
        let arguments = environment::get_arguments();
        let [_, verb, rest @ ..] = arguments.as_slice() else {
            return Err(());
        };
        let said = match verb.as_str() {
            "greet" => format!("Hello {}", rest.join(" ")),
            "wait" => wait().await,
            "list" => format!("of 0.3: {} folders", get_directories().len()),
            "write" => write(),
            "fill-disk" => fill_disk(),
            "connect" => connect().await,
            "flood" => "0123456789abcde\n".repeat(1 << 18),
            "spin" => loop {
                std::hint::black_box(());
            },
            "sleep" => {
                wait_for(u64::MAX).await;
                String::new()
            }
            "hoard" => hoard(),
            _ => return Err(()),
        };
        print(said).await
    }
}

/// Two waits at once take as long as one.
async fn wait() -> String {
    const WAIT: Duration = Duration::from_millis(300);
    let begin = Instant::now();
    let nanoseconds = WAIT.as_nanos() as u64;
    join(wait_for(nanoseconds), wait_for(nanoseconds)).await;
    let waited = begin.elapsed();
    match WAIT <= waited && waited < 2 * WAIT {
        true => "waited for both at once".to_owned(),
        false => format!("waited {waited:?}"),
    }
}

/// Reads a file and writes another one, by the standard library.
fn write() -> String {
    let read = fs::read_to_string("/room/there.txt").unwrap_or_else(|error| error.to_string());
    let wrote = fs::write("/room/new.txt", "written").map_err(|error| error.to_string());
    format!("read {read:?}, wrote {wrote:?}")
}

fn fill_disk() -> String {
    match fs::write("/room/large", vec![0; 2 << 20]) {
        Ok(()) => "nobody minded".to_owned(),
        Err(error) => error.to_string(),
    }
}

async fn connect() -> String {
    let loopback = IpSocketAddress::Ipv4(Ipv4SocketAddress {
        address: (127, 0, 0, 1),
        port: 9,
    });
    let socket = match TcpSocket::create(IpAddressFamily::Ipv4) {
        Ok(socket) => socket,
        Err(error) => return format!("no socket: {error:?}"),
    };
    format!("{:?}", socket.connect(loopback).await)
}

/// Makes streams, and drops none.
fn hoard() -> String {
    for _ in 0..10_000_000_u64 {
        std::mem::forget(wasip3::wit_stream::new::<u8>());
    }
    "made ten million streams".to_owned()
}

async fn print(text: String) -> Result<(), ()> {
    let (mut sender, receiver) = wasip3::wit_stream::new();
    let send = async {
        sender.write_all(text.into_bytes()).await;
        drop(sender);
    };
    let (written, ()) = join(stdout::write_via_stream(receiver).into_future(), send).await;
    written.map_err(drop)
}
