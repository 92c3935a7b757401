//! Granted folders: what a guest writes into them is counted.
//!
//! WASI has no quota of any kind. This stands between the guest and wasmtime-wasi's files: each call that could take room
//! on the disk is asked about first, and everything else passes as it is. What is over the limit gets the error of a
//! full disk, which languages that write by streams show as an I/O error.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Bytes;
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::filesystem::{WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream,
    ErrorCode, Filesize, Host, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::pipe::SinkOutputStream;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, FsError, FsResult, OutputStream, Pollable, StreamError, StreamResult,
};

use super::context::Context;
use super::limits;
use super::refusals::Refusals;

const MIB: u64 = 1024 * 1024;

/// What one run may still write, make and list. Its clones share it.
#[derive(Clone)]
pub struct DiskMeter(Arc<Meter>);

struct Meter {
    limit: u64,
    bytes: Allowance,
    new_files: Allowance,
    listings: Allowance,
    refusals: Refusals,
}

/// So much of something.
struct Allowance(AtomicU64);

impl Allowance {
    /// Takes `wanted`, all or none of it.
    fn take(&self, wanted: u64) -> bool {
        let less = |left: u64| left.checked_sub(wanted);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn give_back(&self, some: u64) {
        self.0.fetch_add(some, Ordering::Relaxed);
    }
}

impl DiskMeter {
    /// A meter for `limit` bytes. What it refuses is noted in `refusals`.
    pub fn new(limit: u64, refusals: Refusals) -> Self {
        Self(Arc::new(Meter {
            limit,
            bytes: Allowance(AtomicU64::new(limit)),
            new_files: Allowance(AtomicU64::new(limits::NEW_FILES)),
            listings: Allowance(AtomicU64::new(limits::LISTINGS)),
            refusals,
        }))
    }

    fn take(&self, bytes: u64) -> bool {
        let most = self.0.limit / MIB;
        self.noted(self.0.bytes.take(bytes), || {
            format!("to write more than {most} MB to disk (`disk_mb`)")
        })
    }

    fn take_file(&self) -> bool {
        let most = limits::NEW_FILES;
        self.noted(self.0.new_files.take(1), || {
            format!("to make more than {most} files in one run")
        })
    }

    fn take_listing(&self) -> bool {
        let most = limits::LISTINGS;
        self.noted(self.0.listings.take(1), || {
            format!("to list more than {most} folders at once")
        })
    }

    fn give_listing_back(&self) {
        self.0.listings.give_back(1);
    }

    /// Whether it was taken; what was refused is said in the report.
    fn noted(&self, took: bool, refused: impl FnOnce() -> String) -> bool {
        if !took {
            self.0.refusals.note(refused());
        }
        took
    }
}

fn or_full(took: bool) -> FsResult<()> {
    if took {
        Ok(())
    } else {
        Err(ErrorCode::InsufficientSpace.into())
    }
}

/// The interface `wasi:filesystem/types` with a meter, for a linker.
pub struct MeteredFiles;

impl HasData for MeteredFiles {
    type Data<'a> = Metered<'a>;
}

/// A guest's files, and its meter.
pub struct Metered<'a> {
    files: WasiFilesystemCtxView<'a>,
    meter: DiskMeter,
}

/// The files of the guest that `context` belongs to.
pub fn metered(context: &mut Context) -> Metered<'_> {
    let meter = context.disk.clone();
    Metered {
        files: context.filesystem(),
        meter,
    }
}

impl Metered<'_> {
    /// Puts the meter between the guest and a stream that writes to a file.
    fn meter_stream(&mut self, stream: Resource<DynOutputStream>) -> FsResult<Resource<DynOutputStream>> {
        let slot = self.files.table.get_mut(&stream)?;
        let inner = std::mem::replace(slot, Box::new(SinkOutputStream));
        *slot = Box::new(MeteredStream {
            inner,
            meter: self.meter.clone(),
        });
        Ok(stream)
    }
}

/// The same handle once more, for a call before the one it was passed for.
fn again<T: 'static>(handle: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(handle.rep())
}

impl Host for Metered<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.files.convert_error_code(error)
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        self.files.filesystem_error_code(error)
    }
}

impl HostDescriptor for Metered<'_> {
    // What takes room on the disk.

    async fn write(&mut self, file: Resource<Descriptor>, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        or_full(self.meter.take(bytes.len() as u64))?;
        self.files.write(file, bytes, offset).await
    }

    fn write_via_stream(
        &mut self,
        file: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.files.write_via_stream(file, offset)?;
        self.meter_stream(stream)
    }

    fn append_via_stream(&mut self, file: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.files.append_via_stream(file)?;
        self.meter_stream(stream)
    }

    async fn set_size(&mut self, file: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let now = self.files.stat(again(&file)).await?.size;
        or_full(self.meter.take(size.saturating_sub(now)))?;
        self.files.set_size(file, size).await
    }

    async fn open_at(
        &mut self,
        folder: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        if open_flags.contains(OpenFlags::CREATE)
            && self
                .files
                .stat_at(again(&folder), path_flags, path.clone())
                .await
                .is_err()
        {
            or_full(self.meter.take_file())?;
        }
        self.files.open_at(folder, path_flags, path, open_flags, flags).await
    }

    async fn create_directory_at(&mut self, folder: Resource<Descriptor>, path: String) -> FsResult<()> {
        or_full(self.meter.take_file())?;
        self.files.create_directory_at(folder, path).await
    }

    async fn link_at(
        &mut self,
        folder: Resource<Descriptor>,
        flags: PathFlags,
        old: String,
        new_folder: Resource<Descriptor>,
        new: String,
    ) -> FsResult<()> {
        or_full(self.meter.take_file())?;
        self.files.link_at(folder, flags, old, new_folder, new).await
    }

    async fn symlink_at(&mut self, folder: Resource<Descriptor>, target: String, path: String) -> FsResult<()> {
        or_full(self.meter.take_file())?;
        self.files.symlink_at(folder, target, path).await
    }

    // What does not.

    async fn advise(
        &mut self,
        file: Resource<Descriptor>,
        offset: Filesize,
        length: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        self.files.advise(file, offset, length, advice).await
    }

    async fn sync_data(&mut self, file: Resource<Descriptor>) -> FsResult<()> {
        self.files.sync_data(file).await
    }

    async fn get_flags(&mut self, file: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.files.get_flags(file).await
    }

    async fn get_type(&mut self, file: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.files.get_type(file).await
    }

    async fn set_times(
        &mut self,
        file: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.files.set_times(file, accessed, modified).await
    }

    async fn read(
        &mut self,
        file: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.files.read(file, length, offset).await
    }

    async fn read_directory(&mut self, folder: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        if !self.meter.take_listing() {
            return Err(ErrorCode::InsufficientMemory.into());
        }
        let listing = self.files.read_directory(folder).await;
        if listing.is_err() {
            self.meter.give_listing_back();
        }
        listing
    }

    async fn sync(&mut self, file: Resource<Descriptor>) -> FsResult<()> {
        self.files.sync(file).await
    }

    async fn stat(&mut self, file: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.files.stat(file).await
    }

    async fn stat_at(
        &mut self,
        folder: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        self.files.stat_at(folder, flags, path).await
    }

    async fn set_times_at(
        &mut self,
        folder: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.files.set_times_at(folder, flags, path, accessed, modified).await
    }

    fn drop(&mut self, file: Resource<Descriptor>) -> wasmtime::Result<()> {
        HostDescriptor::drop(&mut self.files, file)
    }

    async fn readlink_at(&mut self, folder: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.files.readlink_at(folder, path).await
    }

    async fn remove_directory_at(&mut self, folder: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.files.remove_directory_at(folder, path).await
    }

    async fn rename_at(
        &mut self,
        folder: Resource<Descriptor>,
        old: String,
        new_folder: Resource<Descriptor>,
        new: String,
    ) -> FsResult<()> {
        self.files.rename_at(folder, old, new_folder, new).await
    }

    async fn unlink_file_at(&mut self, folder: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.files.unlink_file_at(folder, path).await
    }

    fn read_via_stream(&mut self, file: Resource<Descriptor>, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        self.files.read_via_stream(file, offset)
    }

    async fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        self.files.is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, file: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        self.files.metadata_hash(file).await
    }

    async fn metadata_hash_at(
        &mut self,
        folder: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        self.files.metadata_hash_at(folder, flags, path).await
    }
}

impl HostDirectoryEntryStream for Metered<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        self.files.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.meter.give_listing_back();
        HostDirectoryEntryStream::drop(&mut self.files, stream)
    }
}

/// A stream into a file.
struct MeteredStream {
    inner: DynOutputStream,
    meter: DiskMeter,
}

#[wasmtime_wasi::async_trait]
impl Pollable for MeteredStream {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for MeteredStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.meter.take(bytes.len() as u64) {
            return self.inner.write(bytes);
        }
        let full = io::Error::from(rustix::io::Errno::NOSPC);
        Err(StreamError::LastOperationFailed(full.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_counts_bytes_and_files_and_says_what_it_refused() {
        let refusals = Refusals::default();
        let meter = DiskMeter::new(2 * MIB, refusals.clone());
        assert!(meter.take(MIB) && meter.clone().take(MIB - 1));
        assert!(!meter.take(2));
        assert!(meter.take(1), "what was refused was not counted");
        assert!((0..limits::NEW_FILES).all(|_| meter.take_file()));
        assert!(!meter.take_file());
        assert_eq!(
            refusals.lines(),
            "innkeeper: refused: to write more than 2 MB to disk (`disk_mb`)\n\
             innkeeper: refused: to make more than 10000 files in one run\n"
        );
    }
}
