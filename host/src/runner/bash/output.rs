//! What a job writes, from its pipes into its log, while it runs.

use std::future::pending;
use std::pin::pin;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};

use crate::runner::log::LogFile;
use crate::runner::log::RunLog;

/// As much as Linux keeps in a pipe.
const BUFFER: usize = 64 * 1024;

/// Both pipes of a job, and where they lead. Reading goes on past what the log keeps, so that no job waits for ever.
pub(super) struct Output<'l> {
    stdout: Stream<'l, ChildStdout>,
    stderr: Stream<'l, ChildStderr>,
}

impl<'l> Output<'l> {
    pub(super) fn new(stdout: Option<ChildStdout>, stderr: Option<ChildStderr>, log: &'l mut RunLog) -> Self {
        Self {
            stdout: Stream::new(stdout, &mut log.stdout),
            stderr: Stream::new(stderr, &mut log.stderr),
        }
    }

    /// Copies until `done` is ready.
    pub(super) async fn copy_until<T>(&mut self, done: impl Future<Output = T>) -> T {
        let mut done = pin!(done);
        loop {
            // In random order: a job that floods one pipe must not keep the other one, or the clock, waiting.
            tokio::select! {
                done = &mut done => return done,
                () = self.stdout.copy_some() => {}
                () = self.stderr.copy_some() => {}
            }
        }
    }

    /// Copies until nobody can write to either pipe any more.
    pub(super) async fn copy_to_end(&mut self) {
        while self.stdout.pipe.is_some() || self.stderr.pipe.is_some() {
            tokio::select! {
                () = self.stdout.copy_some() => {}
                () = self.stderr.copy_some() => {}
            }
        }
    }
}

struct Stream<'l, R> {
    /// None once everybody has closed the other end.
    pipe: Option<R>,
    buffer: Vec<u8>,
    log: &'l mut LogFile,
}

impl<'l, R: AsyncRead + Unpin> Stream<'l, R> {
    fn new(pipe: Option<R>, log: &'l mut LogFile) -> Self {
        Self {
            pipe,
            buffer: Vec::with_capacity(BUFFER),
            log,
        }
    }

    /// Copies what can be read at once. Dropped before it is ready, it has read nothing; once the pipe is closed it
    /// is never ready.
    async fn copy_some(&mut self) {
        let Some(pipe) = &mut self.pipe else {
            return pending().await;
        };
        self.buffer.clear();
        match pipe.read_buf(&mut self.buffer).await {
            Ok(1..) => self.log.write(&self.buffer),
            Ok(0) => self.pipe = None,
            Err(error) => {
                tracing::warn!(%error, "the output of a job could not be read to its end");
                self.pipe = None;
            }
        }
    }
}
