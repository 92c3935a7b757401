//! What a run wrote, for whoever asks in a conversation. It is more than a report tells, so in Slack it is for full members of
//! the workspace, of every namespace that they may give orders in.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::Context;
use innkeeper_core::command::{LogPart, LogStream, LogsWanted};
use innkeeper_core::report::{self, LOG_EXCERPT, LOG_FILE, Log, LogPiece};
use innkeeper_core::run::{RunId, log_folder};
use innkeeper_core::store::RunView;

use super::case::Case;
use super::{Decision, reply_message};
use crate::trigger::answers;

impl Case<'_> {
    /// What is answered to whoever wants to see a run's log.
    pub(super) async fn logs(&self, wanted: LogsWanted) -> anyhow::Result<Decision> {
        let run = RunId(wanted.run);
        let found = self
            .parts
            .store
            .run(run)
            .await
            .context("the run could not be looked up")?;
        let namespace = found.as_ref().map_or("logs", |view| &view.namespace);
        // Before it is said whether there is such a run: numbers tell how much goes on.
        if let Some(refusal) = self.refuse_outsiders(namespace) {
            return Ok(refusal);
        }
        let Some(view) = found else {
            return Ok(self.refusal(answers::no_such_run(run)));
        };
        if let Some(refusal) = self.namespace(&view.namespace).and_then(|found| self.refuse(found)) {
            return Ok(refusal);
        }
        Ok(match self.read(&view, wanted).await {
            Ok(streams) => {
                let messages = report::log(&Log {
                    job: &format!("{}_{}", view.namespace, view.job),
                    run,
                    running: view.end.is_none(),
                    part: wanted.part,
                    streams,
                });
                let said = messages.into_iter();
                Decision::only_said(
                    said.flat_map(|message| reply_message(self.origin, message)).collect(),
                    false,
                )
            }
            Err(error) => {
                tracing::warn!(run.id = run.0, %error, "a run's log cannot be read");
                self.refusal(answers::log_gone(run))
            }
        })
    }

    async fn read(&self, view: &RunView, wanted: LogsWanted) -> io::Result<Vec<LogPiece>> {
        let folder = log_folder(&view.namespace, &view.job, view.started, view.id);
        let folder = self.menu.config.data_dir.join("logs").join(folder);
        let lost = |stream| match (&view.end, stream) {
            (None, _) => 0,
            (Some(end), LogStream::Stdout) => end.stdout.lost,
            (Some(end), LogStream::Stderr) => end.stderr.lost,
        };
        let streams: Vec<(LogStream, u64)> = [LogStream::Stdout, LogStream::Stderr]
            .into_iter()
            .filter(|stream| wanted.stream.is_none_or(|only| only == *stream))
            .map(|stream| (stream, lost(stream)))
            .collect();
        let reading = tokio::task::spawn_blocking(move || {
            let pieces = streams.into_iter();
            pieces
                .map(|(stream, lost)| {
                    let (content, kept) = read_part(&folder.join(stream.as_str()), wanted.part)?;
                    Ok(LogPiece {
                        stream,
                        content,
                        kept,
                        lost,
                    })
                })
                .collect()
        });
        reading.await.map_err(io::Error::other)?
    }
}

/// A part of a file, and how long all of it is. A run that never began has none.
fn read_part(file: &Path, part: LogPart) -> io::Result<(Vec<u8>, u64)> {
    let mut file = match File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound && !file.parent().is_some_and(Path::exists) => {
            return Err(error);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    let (from, most) = match part {
        LogPart::Head => (0, LOG_EXCERPT),
        LogPart::Tail => (length.saturating_sub(LOG_EXCERPT), LOG_EXCERPT),
        LogPart::All => (length.saturating_sub(LOG_FILE), LOG_FILE),
    };
    file.seek(SeekFrom::Start(from))?;
    let mut content = Vec::new();
    // Bounded: a run that goes on writes meanwhile.
    file.take(most.min(length)).read_to_end(&mut content)?;
    Ok((content, length))
}
