//! From a registry into the store: a manifest that names one component, then that component, as it comes.
//!
//! A component is an OCI artifact as the CNCF's Wasm working group describes it: one layer `application/wasm`, which is
//! the component itself. Who holds a registry holds what comes from it, so nothing is taken from it but bytes whose
//! digests are checked, and addresses of other servers in a manifest are not followed.
//!
//! Known and accepted: the client's crate reads manifests, tokens and errors whole, so their size is bounded only by the
//! time that they may take. The component, which is what can be large, is counted as it comes.

use futures_util::StreamExt;
use innkeeper_core::config::oci::{Digest, LONGEST_COMPONENT, OciReference, Pin};
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE,
    OciDescriptor, OciManifest,
};

use super::Pulled;
use super::client::{Session, address, plain};
use super::store::{Store, too_long};

/// The layer that is a component; and what the tools of the Bytecode Alliance called it before.
pub(super) const LAYER: &str = "application/wasm";
const OLD_LAYER: &str = "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm";

/// What is asked for. Indexes are no use here, but then it can be said what is there.
const MANIFESTS: &[&str] = &[
    OCI_IMAGE_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

/// The longest manifest that is read: a component's is less than a kilobyte.
const LONGEST_MANIFEST: usize = 1 << 20;

/// Pulls what the reference names now. Where its content is known (`expected`), nothing else is taken.
pub(super) async fn pull(
    session: &Session,
    reference: &OciReference,
    expected: Option<&Digest>,
    store: &Store,
) -> Result<Pulled, String> {
    let failed = |error| session.failed("pulled", &error);
    let from = address(reference);
    let (manifest, _) = session
        .client
        .pull_manifest_raw(&from, &session.auth, MANIFESTS)
        .await
        .map_err(failed)?;
    if manifest.len() > LONGEST_MANIFEST {
        return Err("is no component: its manifest is too long".into());
    }
    let named = Digest::of(&manifest);
    if reference.digest().is_some_and(|wanted| *wanted != named) {
        return Err(format!(
            "is not what it should be: the registry sent the manifest {named}"
        ));
    }
    let content = component_in(&manifest)?;
    if let Some(expected) = expected.filter(|expected| **expected != content) {
        return Err(format!(
            "is pinned to {expected}, but its manifest names {content}: take it out of the lock file to pin it anew"
        ));
    }
    let pin = Pin {
        digest: content,
        manifest: named,
    };
    if let Some(file) = store.find(&pin.digest).await? {
        let anew = false;
        return Ok(Pulled { file, pin, anew });
    }
    let digest = pin.digest.to_string();
    let mut pieces = session
        .client
        .pull_blob_stream(&from, digest.as_str())
        .await
        .map_err(failed)?;
    let mut draft = store.draft().await?;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| format!("cannot be pulled: it broke off: {}", plain(&error.to_string())))?;
        draft.write(&piece).await?;
    }
    let file = draft.keep(&pin.digest).await?;
    let anew = true;
    Ok(Pulled { file, pin, anew })
}

/// The content of the component that a manifest names.
fn component_in(manifest: &[u8]) -> Result<Digest, String> {
    let manifest: OciManifest = serde_json::from_slice(manifest).map_err(|error| {
        format!(
            "is no component: its manifest is not understood: {}",
            plain(&error.to_string())
        )
    })?;
    let layers: Vec<OciDescriptor> = match manifest {
        OciManifest::Image(image) => image.layers,
        OciManifest::ImageIndex(_) => {
            return Err("is no component, but an index of several things: name one of them by its digest".into());
        }
    };
    let [layer] = layers.as_slice() else {
        return Err(format!(
            "is no component: it has {} layers, and a component is one",
            layers.len()
        ));
    };
    if ![LAYER, OLD_LAYER].contains(&layer.media_type.as_str()) {
        return Err(format!(
            "is no component: its layer is `{}`, not `{LAYER}`",
            plain(&layer.media_type)
        ));
    }
    // What comes is counted all the same.
    if u64::try_from(layer.size).is_ok_and(|size| size > LONGEST_COMPONENT) {
        return Err(too_long());
    }
    Digest::parse(&layer.digest).map_err(|why| format!("is no component: in its manifest, {why}"))
}
