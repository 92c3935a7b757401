//! A guest's stdout and stderr: streams of our own that write into the run's log.
//!
//! Wasmtime's memory pipe turns a full pipe into an error of the guest, at exactly its capacity even, and cannot say
//! what was lost. [`GuestOutput`] takes everything, lets the log keep what fits, and never fails. Its permit is small,
//! so that one call of a guest cannot make the host hold much.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::body::Bytes;
use innkeeper_core::run::Captured;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::limits::OUTPUT_PERMIT;
use crate::runner::log::LogFile;

/// One output of a guest. Its clones write into the same file.
#[derive(Clone)]
pub struct GuestOutput(Arc<Mutex<Option<LogFile>>>);

impl GuestOutput {
    /// An output that writes into `file`.
    pub fn new(file: LogFile) -> Self {
        Self(Arc::new(Mutex::new(Some(file))))
    }

    /// An output that nobody reads.
    pub fn nowhere() -> Self {
        Self(Arc::default())
    }

    /// Writes what the host itself has to say to the guest's author, on lines of its own and past the log's limit.
    pub fn say(&self, text: &str) {
        if let Some(file) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            file.say(text);
        }
    }

    /// Writes what the guest has to say, as far as the log's limit allows.
    pub fn append(&self, bytes: &[u8]) {
        if let Some(file) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            file.write(bytes);
        }
    }

    /// Closes the file and says what was kept. What is written afterwards, by whom ever, is ignored.
    pub fn finish(&self) -> Captured {
        let file = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        file.map(LogFile::finish).unwrap_or_default()
    }
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > OUTPUT_PERMIT {
            return Err(StreamError::trap("wrote more than check-write allowed"));
        }
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(OUTPUT_PERMIT)
    }
}

impl AsyncWrite for GuestOutput {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn it_takes_everything_and_keeps_what_fits() {
        let home = tempfile::tempdir().unwrap();
        let output = GuestOutput::new(LogFile::create(home.path().join("stdout"), 8).unwrap());
        let mut stream = output.p2_stream();
        for _ in 0..3 {
            assert_eq!(stream.check_write().unwrap(), OUTPUT_PERMIT);
            stream.write(Bytes::from_static(b"abcd")).unwrap();
            stream.flush().unwrap();
        }
        let captured = output.finish();
        assert_eq!((captured.kept, captured.lost), (8, 4));
        stream.write(Bytes::from_static(b"too late")).unwrap();
        assert_eq!(std::fs::read(captured.path).unwrap(), b"abcdabcd");
    }

    #[test]
    fn more_than_the_permit_is_the_guests_mistake() {
        let home = tempfile::tempdir().unwrap();
        let output = GuestOutput::new(LogFile::create(home.path().join("stdout"), 8).unwrap());
        let refused = output.p2_stream().write(Bytes::from(vec![0; OUTPUT_PERMIT + 1]));
        assert!(matches!(refused, Err(StreamError::Trap(_))));
    }
}
