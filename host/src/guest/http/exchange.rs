//! One request and its answer over one connection, within the bounds of the run.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep, timeout};
use wasmtime_wasi_http::{Error, WasiBody};

use super::network::Wire;
use super::{Meter, Sent, Times};
use crate::guest::limits::HEADER_BYTES;

/// Sends `request` and waits for the head of the answer. The permit is held for as long as the connection is.
pub(super) async fn exchange(
    wire: Box<dyn Wire>,
    request: Request<WasiBody>,
    times: Times,
    meter: Arc<Meter>,
    permit: OwnedSemaphorePermit,
) -> Result<Sent, Error> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEADER_BYTES)
        .handshake(TokioIo::new(wire))
        .await
        .map_err(in_their_words)?;
    let mut connection = Box::pin(connection);
    let mut open = true;
    let answer = async {
        let mut answer = pin!(sender.send_request(request));
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return answer,
                ended = &mut connection, if open => {
                    open = false;
                    ended?;
                }
            }
        }
    };
    let answer = timeout(times.first_byte, answer)
        .await
        .map_err(|_| Error::ConnectionReadTimeout)?
        .map_err(in_their_words)?;
    let drive = async move {
        let _permit = permit;
        if open {
            connection.await.map_err(in_their_words)
        } else {
            Ok(())
        }
    };
    let body = |incoming| AnswerBody::new(incoming, times.between_bytes, meter).boxed_unsync();
    let answer: Response<WasiBody> = answer.map(body);
    Ok((answer, Box::new(drive)))
}

/// The body of an answer: bounded in all, and in how long it may be silent.
struct AnswerBody {
    incoming: Incoming,
    meter: Arc<Meter>,
    patience: Duration,
    /// Runs while the guest waits. A guest that takes its time is not the server's silence.
    silence: Option<Pin<Box<Sleep>>>,
}

impl AnswerBody {
    fn new(incoming: Incoming, patience: Duration, meter: Arc<Meter>) -> Self {
        Self {
            incoming,
            meter,
            patience,
            silence: None,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.silence = None;
                Poll::Ready(frame.map(|frame| {
                    let frame = frame.map_err(in_their_words)?;
                    this.meter.take(frame.data_ref().map_or(0, Bytes::len))?;
                    Ok(frame)
                }))
            }
            Poll::Pending => {
                let patience = this.patience;
                let silence = this.silence.get_or_insert_with(|| Box::pin(sleep(patience)));
                ready!(silence.as_mut().poll(cx));
                Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// An error of hyper as guests know it.
fn in_their_words(error: hyper::Error) -> Error {
    if error.is_parse_too_large() {
        Error::HttpResponseHeaderSectionSize(u32::try_from(HEADER_BYTES).ok())
    } else if error.is_timeout() {
        Error::HttpResponseTimeout
    } else if error.is_incomplete_message() {
        Error::HttpResponseIncomplete
    } else if error.is_parse() {
        Error::HttpProtocolError
    } else if error.is_closed() || error.is_canceled() {
        Error::ConnectionTerminated
    } else {
        Error::Hyper(error)
    }
}
