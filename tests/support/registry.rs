//! A real registry: `docker-registry` as Debian packages it, on loopback, with a store of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::http::request;
use crate::within;

/// How often another port is tried, where somebody else was faster.
const TRIES: usize = 5;

/// A registry. Dropped, it is killed and its store is gone.
pub struct Registry {
    folder: TempDir,
    address: SocketAddr,
    process: Option<Child>,
}

impl Registry {
    /// Starts one with nothing in it.
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        for _ in 0..TRIES {
            let address = free_address();
            if let Some(process) = serve(folder.path(), address).await {
                let process = Some(process);
                return Self {
                    folder,
                    address,
                    process,
                };
            }
        }
        panic!("docker-registry found no port of {TRIES} free");
    }

    /// Its host and port, as references name it.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Stops it. What was pushed stays.
    pub async fn stop(&mut self) {
        let mut process = self.process.take().expect("it does not run");
        process.start_kill().unwrap();
        within("docker-registry to end", process.wait()).await.unwrap();
    }

    /// Starts it again, where it was and with what was pushed.
    pub async fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        self.process = serve(self.folder.path(), self.address).await;
        assert!(self.process.is_some(), "docker-registry did not start again");
    }

    /// Pushes a component as the tools of others do, with plain requests. Returns the digest of its manifest.
    pub async fn push(&self, name: &str, tag: &str, component: &Path) -> String {
        let component = std::fs::read(component).unwrap();
        let config =
            json!({ "architecture": "wasm", "os": "wasip2", "layerDigests": [digest(&component)] }).to_string();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.wasm.config.v0+json",
                "digest": digest(config.as_bytes()),
                "size": config.len(),
            },
            "layers": [{ "mediaType": "application/wasm", "digest": digest(&component), "size": component.len() }],
        });
        let manifest = manifest.to_string();
        self.push_blob(name, component).await;
        self.push_blob(name, config.into_bytes()).await;
        let media_type = [("content-type", "application/vnd.oci.image.manifest.v1+json")];
        let url = self.url(&format!("{name}/manifests/{tag}"));
        let put = request("PUT", &url, &media_type, manifest.clone()).await.unwrap();
        assert_eq!(put.status, 201, "{put:?}");
        digest(manifest.as_bytes())
    }

    async fn push_blob(&self, name: &str, content: Vec<u8>) {
        let begun = request("POST", &self.url(&format!("{name}/blobs/uploads/")), &[], "")
            .await
            .unwrap();
        assert_eq!(begun.status, 202, "{begun:?}");
        let location = begun.headers["location"].to_str().unwrap();
        let between = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{between}digest={}", digest(&content));
        let media_type = [("content-type", "application/octet-stream")];
        let put = request("PUT", &url, &media_type, content).await.unwrap();
        assert_eq!(put.status, 201, "{put:?}");
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/v2/{path}", self.address)
    }
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

/// It wants to be told a port, and takes no 0 for one.
fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Starts it, and waits until it listens. None where it cannot.
async fn serve(folder: &Path, address: SocketAddr) -> Option<Child> {
    let (file, store) = (folder.join("config.yml"), folder.join("store"));
    let configuration = format!(
        "version: 0.1\nlog:\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  \
         addr: {address}\n",
        store.display()
    );
    std::fs::write(&file, configuration).unwrap();
    let mut process = Command::new("docker-registry")
        .arg("serve")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect(
            "docker-registry is not installed: run the tests with `cargo xtask test`, which leaves out what needs it",
        );
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let listening = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("listening on") {
                return true;
            }
        }
        false
    };
    if !within("docker-registry to listen", listening).await {
        return None;
    }
    // Its log is read to the end: it would wait for a reader.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some(process)
}
