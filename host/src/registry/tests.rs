//! Components pulled from a registry that does as it is told, and from one that does not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use hyper::body::Bytes;
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::pull::LAYER;
use innkeeper_core::config::oci::pulled_components;

use super::*;

/// What is answered at a path.
#[derive(Clone)]
enum Answer {
    Content(Bytes),
    Endless,
    Nothing,
}

type Shelf = Arc<Mutex<HashMap<String, Answer>>>;

/// A registry on this machine, and a host that pulls from it.
struct World {
    shelf: Shelf,
    address: SocketAddr,
    home: TempDir,
    server: AbortOnDropHandle<()>,
}

async fn answer(shelf: Shelf, uri: Uri) -> Response {
    let answer = match uri.path() {
        "/v2/" => Some(Answer::Content(Bytes::from_static(b"{}"))),
        path => shelf.lock().unwrap().get(path).cloned(),
    };
    match answer {
        Some(Answer::Content(content)) => content.into_response(),
        Some(Answer::Endless) => {
            let piece = Bytes::from(vec![0_u8; 1 << 16]);
            Body::from_stream(stream::repeat_with(move || Ok::<_, Infallible>(piece.clone()))).into_response()
        }
        Some(Answer::Nothing) => std::future::pending().await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl World {
    async fn new() -> Self {
        let shelf = Shelf::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = shelf.clone();
        let router = Router::new().fallback(move |uri: Uri| answer(served.clone(), uri));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            shelf,
            address,
            home: tempfile::tempdir().unwrap(),
            server: AbortOnDropHandle::new(server),
        }
    }

    /// The host, started anew.
    fn host(&self) -> Registries {
        self.host_with(|_| Ok(()))
    }

    fn host_with(&self, judge: Judge) -> Registries {
        let (lock, data) = (self.home.path().join("innkeeper.lock"), self.home.path().join("data"));
        Registries::new(lock, &data, judge)
    }

    fn reference(&self, tag: &str) -> OciReference {
        OciReference::parse(&format!("oci://{}/team/hello:{tag}", self.address)).unwrap()
    }

    fn shelve(&self, path: &str, answer: Answer) {
        self.shelf
            .lock()
            .unwrap()
            .insert(format!("/v2/team/hello/{path}"), answer);
    }

    /// Puts a manifest under a tag and under its digest.
    fn manifest(&self, tag: &str, manifest: &Value) -> Digest {
        let manifest = Bytes::from(manifest.to_string());
        let digest = Digest::of(&manifest);
        for name in [tag, &digest.to_string()] {
            self.shelve(&format!("manifests/{name}"), Answer::Content(manifest.clone()));
        }
        digest
    }

    /// Puts a component there.
    fn component(&self, tag: &str, content: &str) -> Pin {
        let digest = Digest::of(content.as_bytes());
        self.shelve(&format!("blobs/{digest}"), Answer::Content(content.to_owned().into()));
        let manifest = self.manifest(tag, &of_layers(&[layer(&digest, content.len())]));
        Pin { digest, manifest }
    }

    /// How many files are kept, drafts too.
    fn kept(&self) -> usize {
        let folder = pulled_components(&self.home.path().join("data"));
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    }

    async fn refused(&self, tag: &str) -> String {
        let why = self.host().file(&self.reference(tag)).await.unwrap_err();
        assert_eq!(self.kept(), 0, "{why}");
        assert_eq!(self.host().pins().await.unwrap(), Lock::default(), "{why}");
        why
    }
}

fn layer(digest: &Digest, size: usize) -> Value {
    json!({ "mediaType": LAYER, "digest": digest.to_string(), "size": size })
}

fn of_layers(layers: &[Value]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE_MEDIA_TYPE,
        "config": { "mediaType": "application/vnd.wasm.config.v0+json", "digest": Digest::of(b"{}").to_string(), "size": 2 },
        "layers": layers,
    })
}

#[tokio::test]
async fn a_component_is_pulled_once_and_needs_no_network_from_then_on() {
    let world = World::new().await;
    let pin = world.component("1", "hello");
    let reference = world.reference("1");
    let file = world.host().file(&reference).await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello");
    assert_eq!(world.host().pins().await.unwrap().pin(&reference), Some(&pin));
    assert_eq!(world.kept(), 1);
    world.server.abort();
    assert_eq!(world.host().file(&reference).await, Ok(file));
    assert!(!world.host().ensure(&reference).await.unwrap().anew);
}

#[tokio::test]
async fn a_tag_that_moves_changes_nothing_until_its_pin_is_moved() {
    let world = World::new().await;
    let old = world.component("1", "old");
    let reference = world.reference("1");
    let file = world.host().file(&reference).await.unwrap();
    let new = world.component("1", "new");
    assert_eq!(world.host().file(&reference).await.unwrap(), file);
    // What is pinned is what is pulled again, too.
    std::fs::remove_file(&file).unwrap();
    let again = world.host().file(&reference).await.unwrap();
    assert_eq!(std::fs::read_to_string(again).unwrap(), "old");

    let fetched = world.host().fetch(&reference).await.unwrap();
    assert_eq!((&fetched.pin, fetched.anew), (&new, true));
    assert_eq!(world.host().pins().await.unwrap().pin(&reference), Some(&old));
    world.host().pin(&reference, fetched.pin).await.unwrap();
    let moved = world.host().file(&reference).await.unwrap();
    assert_eq!(std::fs::read_to_string(moved).unwrap(), "new");
}

#[tokio::test]
async fn who_asks_at_once_pulls_once_and_all_get_it() {
    let world = World::new().await;
    world.component("1", "hello");
    let (host, reference) = (world.host(), world.reference("1"));
    let files = tokio::join!(host.file(&reference), host.file(&reference), host.file(&reference));
    assert!(files.0.is_ok() && files.0 == files.1 && files.1 == files.2, "{files:?}");
    assert_eq!(world.kept(), 1);
}

#[tokio::test]
async fn what_is_damaged_here_is_pulled_again() {
    let world = World::new().await;
    world.component("1", "hello");
    let reference = world.reference("1");
    let file = world.host().file(&reference).await.unwrap();
    std::fs::write(&file, "jello").unwrap();
    world.host().file(&reference).await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello");
}

#[tokio::test]
async fn what_comes_is_what_was_named_or_is_not_kept() {
    let world = World::new().await;
    let pin = world.component("1", "hello");
    world.shelve(
        &format!("blobs/{}", pin.digest),
        Answer::Content(Bytes::from_static(b"evil!")),
    );
    world.refused("1").await;

    let other = world.component("2", "other").manifest;
    let named = world.reference("1").at(&pin.manifest);
    let path = format!("manifests/{}", pin.manifest);
    let wrong = world.shelf.lock().unwrap()[&format!("/v2/team/hello/manifests/{other}")].clone();
    world.shelve(&path, wrong);
    world.host().file(&named).await.unwrap_err();
    assert_eq!(world.kept(), 0);
}

#[tokio::test]
async fn a_component_that_does_not_end_is_not_waited_for() {
    let world = World::new().await;
    let digest = Digest::of(b"whatever");
    world.manifest("1", &of_layers(&[layer(&digest, 10)]));
    world.shelve(&format!("blobs/{digest}"), Answer::Endless);
    let why = world.refused("1").await;
    assert!(why.contains("is larger than 32 MiB"), "{why}");
    world.manifest("2", &of_layers(&[layer(&digest, 33 << 20)]));
    let why = world.refused("2").await;
    assert!(why.contains("is larger than 32 MiB"), "{why}");
}

#[tokio::test]
async fn a_registry_that_says_nothing_is_given_up() {
    let world = World::new().await;
    world.shelve("manifests/1", Answer::Nothing);
    let mut host = world.host();
    host.pull_time = Duration::from_millis(300);
    let why = host.file(&world.reference("1")).await.unwrap_err();
    assert!(why.contains("is too slow"), "{why}");
}

#[tokio::test]
async fn what_is_no_component_says_what_it_is() {
    let world = World::new().await;
    let digest = Digest::of(b"x");
    let (one, image) = (layer(&digest, 1), "application/vnd.oci.image.layer.v1.tar+gzip");
    let index = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [] });
    for (tag, manifest, words) in [
        ("none", of_layers(&[]), "has 0 layers"),
        ("two", of_layers(&[one.clone(), one]), "has 2 layers"),
        (
            "image",
            of_layers(&[json!({ "mediaType": image, "digest": digest.to_string(), "size": 1 })]),
            "tar+gzip`, not `application/wasm`",
        ),
        ("index", index, "an index"),
        ("text", json!("hello"), "is not understood"),
        (
            "digest",
            of_layers(&[json!({ "mediaType": LAYER, "digest": "sha256:../../x", "size": 1 })]),
            "a digest is",
        ),
    ] {
        world.manifest(tag, &manifest);
        let why = world.refused(tag).await;
        assert!(why.contains(words), "{tag}: {why}");
    }
    let why = world.refused("missing").await;
    assert!(why.ends_with("does not have it"), "{why}");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_named() {
    let world = World::new().await;
    world.server.abort();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let reference = OciReference::parse(&format!("oci://{nobody}/team/hello:1")).unwrap();
    let why = world.host().file(&reference).await.unwrap_err();
    assert!(why.contains(&format!("{nobody} cannot be reached")), "{why}");
}

#[tokio::test]
async fn a_pin_that_its_manifest_does_not_bear_out_is_refused() {
    let world = World::new().await;
    let pin = world.component("1", "hello");
    let reference = world.reference("1");
    let wrong = Pin {
        digest: Digest::of(b"other"),
        manifest: pin.manifest,
    };
    world.host().pin(&reference, wrong).await.unwrap();
    let why = world.host().file(&reference).await.unwrap_err();
    assert!(why.contains("take it out of the lock file"), "{why}");
    assert_eq!(world.kept(), 0);
}

#[tokio::test]
async fn pins_that_nobody_needs_are_forgotten() {
    let world = World::new().await;
    world.component("1", "one");
    world.component("2", "two");
    for tag in ["1", "2"] {
        world.host().file(&world.reference(tag)).await.unwrap();
    }
    let forgotten = world.host().keep_pins(vec![world.reference("2")]).await;
    assert_eq!(forgotten, Ok(vec![world.reference("1")]));
    let pins = world.host().pins().await.unwrap();
    assert!(pins.pin(&world.reference("1")).is_none() && pins.pin(&world.reference("2")).is_some());
}

#[tokio::test]
async fn what_cannot_run_here_is_not_pinned() {
    let world = World::new().await;
    world.component("1", "notes");
    let host = world.host_with(|_| Err("is text".into()));
    assert_eq!(host.file(&world.reference("1")).await, Err("is text".into()));
    assert_eq!(host.pins().await.unwrap(), Lock::default());
}
