//! A component into a registry, as the artifact that `pull` and the tools of others read.

use futures_util::stream;
use http::HeaderValue;
use hyper::body::Bytes;
use innkeeper_core::config::oci::{Digest, LONGEST_COMPONENT, OciReference, Pin};
use oci_client::manifest::OCI_IMAGE_MEDIA_TYPE;
use serde_json::json;

use super::client::{Session, address};
use super::pull::LAYER;
use super::store::too_long;

const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// The same component is the same artifact, whoever pushes it and whenever: else its digest would say nothing.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// What is pushed.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The component itself.
    pub component: Bytes,
    /// What it imports, by full name.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
}

/// Pushes to the reference's tag. What a pull of it will find.
pub(super) async fn push(session: &Session, to: &OciReference, artifact: &Artifact) -> Result<Pin, String> {
    if artifact.component.len() as u64 > LONGEST_COMPONENT {
        return Err(too_long());
    }
    let failed = |error| session.failed("pushed", &error);
    let to = address(to);
    session
        .client
        .store_auth_if_needed(to.resolve_registry(), &session.auth)
        .await;
    let digest = Digest::of(&artifact.component);
    let config = Bytes::from(config(artifact, &digest));
    let manifest = manifest(artifact, &digest, &config);
    for (content, digest) in [
        (artifact.component.clone(), &digest),
        (config.clone(), &Digest::of(&config)),
    ] {
        let size = content.len() as u64;
        session
            .client
            .push_blob_stream(&to, stream::iter([Ok(content)]), &digest.to_string(), Some(size))
            .await
            .map_err(failed)?;
    }
    let named = Digest::of(&manifest);
    session
        .client
        .push_manifest_raw(&to, manifest, HeaderValue::from_static(OCI_IMAGE_MEDIA_TYPE))
        .await
        .map_err(failed)?;
    Ok(Pin {
        digest,
        manifest: named,
    })
}

fn config(artifact: &Artifact, digest: &Digest) -> Vec<u8> {
    let config = json!({
        "created": CREATED,
        "author": null,
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [digest.to_string()],
        "component": { "exports": artifact.exports, "imports": artifact.imports, "target": null },
    });
    config.to_string().into_bytes()
}

fn manifest(artifact: &Artifact, digest: &Digest, config: &[u8]) -> Vec<u8> {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE_MEDIA_TYPE,
        "config": { "mediaType": CONFIG, "digest": Digest::of(config).to_string(), "size": config.len() },
        "layers": [{ "mediaType": LAYER, "digest": digest.to_string(), "size": artifact.component.len() }],
    });
    manifest.to_string().into_bytes()
}
