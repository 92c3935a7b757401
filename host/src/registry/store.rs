//! `data_dir/cache/components/`: what was pulled, by its content. A file is there whole or not at all.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use innkeeper_core::config::oci::{Digest, Here, LONGEST_COMPONENT, look, pulled_component, pulled_components};
use sha2::{Digest as _, Sha256};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::blocking;

/// What a draft's name ends with.
const DRAFT: &str = ".part";
/// A draft that is older was left behind by a process that was killed: no pull takes so long.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Store {
    data_dir: PathBuf,
}

impl Store {
    pub(super) fn new(data_dir: &Path) -> Self {
        let data_dir = data_dir.to_owned();
        Self { data_dir }
    }

    /// The file with this content, where it is here and undamaged.
    pub(super) async fn find(&self, content: &Digest) -> Result<Option<PathBuf>, String> {
        let (file, content) = (pulled_component(&self.data_dir, content), content.clone());
        blocking(move || match look(&file, &content) {
            Ok(Here::Whole) => Ok(Some(file)),
            Ok(Here::Damaged) => {
                tracing::warn!(file = %file.display(), "a pulled component is damaged; it is pulled again");
                Ok(None)
            }
            Ok(Here::Missing) => Ok(None),
            Err(error) => Err(format!("cannot be read from {}: {error}", file.display())),
        })
        .await
    }

    /// Puts a component there that is at hand.
    pub(super) async fn put(&self, component: &[u8], content: &Digest) -> Result<PathBuf, String> {
        let mut draft = self.draft().await?;
        draft.write(component).await?;
        draft.keep(content).await
    }

    /// Begins a file.
    pub(super) async fn draft(&self) -> Result<Draft, String> {
        let folder = pulled_components(&self.data_dir);
        let path = folder.join(format!("{}{DRAFT}", Uuid::now_v7()));
        blocking(move || {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(|error| format!("cannot be kept in {}: {error}", folder.display()))?;
            remove_abandoned(&folder);
            Ok(())
        })
        .await?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .await
            .map_err(|error| format!("cannot be kept in {}: {error}", path.display()))?;
        Ok(Draft {
            file,
            path,
            data_dir: self.data_dir.clone(),
            hash: Sha256::new(),
            bytes: 0,
        })
    }
}

/// What cannot be removed now is removed next time; it is in nobody's way.
fn remove_abandoned(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_draft = entry.file_name().to_string_lossy().ends_with(DRAFT);
        let age = entry.metadata().and_then(|about| about.modified()).ok();
        let age = age.and_then(|modified| modified.elapsed().ok());
        if is_draft && age.is_some_and(|age| age > ABANDONED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A component that is still coming. Dropped, it leaves nothing behind.
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    data_dir: PathBuf,
    hash: Sha256,
    bytes: u64,
}

impl Draft {
    /// Adds what came, as long as it is not too much.
    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<(), String> {
        self.bytes += piece.len() as u64;
        if self.bytes > LONGEST_COMPONENT {
            return Err(too_long());
        }
        self.hash.update(piece);
        let written = self.file.write_all(piece).await;
        written.map_err(|error| self.cannot_be_kept(&error))
    }

    /// Gives it its name, where it is what it should be.
    pub(super) async fn keep(mut self, expected: &Digest) -> Result<PathBuf, String> {
        let came = format!("sha256:{}", hex::encode(std::mem::take(&mut self.hash).finalize()));
        if came != expected.to_string() {
            return Err(format!(
                "is not what it should be: {expected} was to come, and {came} came"
            ));
        }
        let kept = pulled_component(&self.data_dir, expected);
        let written = async {
            self.file.flush().await?;
            self.file.sync_all().await?;
            tokio::fs::rename(&self.path, &kept).await
        };
        match written.await {
            Ok(()) => Ok(kept),
            Err(error) => Err(self.cannot_be_kept(&error)),
        }
    }

    fn cannot_be_kept(&self, error: &std::io::Error) -> String {
        format!("cannot be kept in {}: {error}", self.path.display())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `keep` it is not there under this name.
        let _ = std::fs::remove_file(&self.path);
    }
}

pub(super) fn too_long() -> String {
    format!(
        "is larger than {} MiB, which is all that this host runs",
        LONGEST_COMPONENT >> 20
    )
}
