//! One call over `wasi:http` 0.2, with one deadline for all of it.

use std::time::{Duration, Instant};

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::{OutputStream, StreamError};

use super::url::Target;
use super::{Error, Request, Response};

/// How much is read at once, in bytes.
const CHUNK: u64 = 64 * 1024;

pub(super) fn exchange(request: &Request, target: &Target) -> Result<Response, Error> {
    let call = Call {
        request,
        target,
        deadline: Instant::now() + request.timeout,
    };
    let outgoing = call.outgoing()?;
    let body = outgoing.body().map_err(|()| call.failed("it has no body"))?;
    let future = handle(outgoing, Some(call.options())).map_err(|code| call.error(&code))?;
    // To the end: who stops in the middle of a body ends the call, and some servers answer before they read it.
    let _unsent = call.write(body, &future)?;
    let incoming = call.answer(&future)?;
    let headers = incoming.headers().entries();
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let status = incoming.status();
    Ok(Response::new(status, headers, call.read(&incoming)?))
}

/// A body that is not finished. The stream goes before what it belongs to.
struct Unsent(
    #[expect(dead_code, reason = "held")] OutputStream,
    #[expect(dead_code, reason = "held")] OutgoingBody,
);

struct Call<'a> {
    request: &'a Request,
    target: &'a Target,
    deadline: Instant,
}

impl Call<'_> {
    fn outgoing(&self) -> Result<OutgoingRequest, Error> {
        let headers: Vec<(String, Vec<u8>)> = self
            .request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
            .collect();
        let headers = Fields::from_list(&headers)
            .map_err(|error| Error::Invalid(format!("a header is one that the host does not send ({error})")))?;
        // Without it servers do not know where the body ends, and not all of them take it in chunks.
        if !self.request.body.is_empty() && self.request.header("content-length").is_none() {
            let length = self.request.body.len().to_string().into_bytes();
            headers
                .append("content-length", &length)
                .map_err(|error| Error::Invalid(format!("the length cannot be set ({error})")))?;
        }
        let outgoing = OutgoingRequest::new(headers);
        let scheme = if self.target.https { Scheme::Https } else { Scheme::Http };
        let set = outgoing
            .set_method(&method(&self.request.method))
            .and_then(|()| outgoing.set_scheme(Some(&scheme)))
            .and_then(|()| outgoing.set_authority(Some(&self.target.authority)))
            .and_then(|()| outgoing.set_path_with_query(Some(&self.target.path)));
        set.map_err(|()| {
            Error::Invalid(format!(
                "the host does not take the method `{}` or the address of {}",
                self.request.method, self.target.authority
            ))
        })?;
        Ok(outgoing)
    }

    /// The same time for every step of the way: what is left of it is watched here.
    fn options(&self) -> RequestOptions {
        let options = RequestOptions::new();
        let nanoseconds = u64::try_from(self.request.timeout.as_nanos()).unwrap_or(u64::MAX);
        // A host that does not take one still has the deadline below.
        let _ = options.set_connect_timeout(Some(nanoseconds));
        let _ = options.set_first_byte_timeout(Some(nanoseconds));
        let _ = options.set_between_bytes_timeout(Some(nanoseconds));
        options
    }

    /// Writes the body. Returns what could not be written, since the answer came first or nobody reads on.
    fn write(&self, body: OutgoingBody, future: &FutureIncomingResponse) -> Result<Option<Unsent>, Error> {
        let stream = body.write().map_err(|()| self.failed("the body cannot be written"))?;
        let mut rest = self.request.body.as_slice();
        while !rest.is_empty() {
            let answered = self.wait_for(&[&stream.subscribe(), &future.subscribe()])?.contains(&1);
            let Ok(room) = stream.check_write() else {
                return Ok(Some(Unsent(stream, body)));
            };
            let (now, later) = rest.split_at(rest.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            if (now.is_empty() && answered) || stream.write(now).is_err() {
                return Ok(Some(Unsent(stream, body)));
            }
            rest = later;
        }
        // Finishing a body sends what is left of it.
        drop(stream);
        OutgoingBody::finish(body, None).map_err(|code| self.error(&code))?;
        Ok(None)
    }

    fn answer(&self, future: &FutureIncomingResponse) -> Result<IncomingResponse, Error> {
        loop {
            if let Some(answer) = future.get() {
                let answer = answer.map_err(|()| self.failed("its answer was taken already"))?;
                return answer.map_err(|code| self.error(&code));
            }
            self.wait(&future.subscribe())?;
        }
    }

    fn read(&self, incoming: &IncomingResponse) -> Result<Vec<u8>, Error> {
        let body: IncomingBody = incoming.consume().map_err(|()| self.failed("its answer has no body"))?;
        let stream = body.stream().map_err(|()| self.failed("its answer has no body"))?;
        let mut bytes = Vec::new();
        loop {
            self.wait(&stream.subscribe())?;
            match stream.read(CHUNK) {
                Ok(chunk) => bytes.extend(chunk),
                Err(StreamError::Closed) => return Ok(bytes),
                Err(StreamError::LastOperationFailed(error)) => {
                    return Err(match wasip2::http::types::http_error_code(&error) {
                        Some(code) => self.error(&code),
                        None => self.failed(&format!("its answer broke off ({})", error.to_debug_string())),
                    });
                }
            }
            if bytes.len() > self.request.max_body {
                return Err(Error::TooLong {
                    max_body: self.request.max_body,
                });
            }
        }
    }

    /// Waits for something to happen, to the deadline at most.
    fn wait(&self, pollable: &Pollable) -> Result<(), Error> {
        self.wait_for(&[pollable]).map(drop)
    }

    /// Waits for one of several things to happen, to the deadline at most, and returns the numbers of those that did.
    fn wait_for(&self, pollables: &[&Pollable]) -> Result<Vec<u32>, Error> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Err(self.timeout());
        }
        let alarm = subscribe_duration(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
        let alarm_and: Vec<&Pollable> = pollables.iter().copied().chain([&alarm]).collect();
        let mut happened = poll(&alarm_and);
        happened.retain(|number| (*number as usize) < pollables.len());
        if happened.is_empty() {
            return Err(self.timeout());
        }
        Ok(happened)
    }

    fn host(&self) -> String {
        self.target.authority.clone()
    }

    fn timeout(&self) -> Error {
        Error::Timeout {
            host: self.host(),
            after: self.request.timeout,
        }
    }

    fn failed(&self, why: &str) -> Error {
        Error::Failed {
            host: self.host(),
            why: why.to_owned(),
        }
    }

    fn error(&self, code: &ErrorCode) -> Error {
        let why = match code {
            ErrorCode::HttpRequestDenied => return Error::NotPermitted { host: self.host() },
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout
            | ErrorCode::DnsTimeout => return self.timeout(),
            ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "its name is not known",
            ErrorCode::ConnectionRefused => "nobody listens there",
            ErrorCode::DestinationUnavailable | ErrorCode::DestinationIpUnroutable => "there is no way there",
            ErrorCode::DestinationIpProhibited => "it is at an address that the host does not call",
            ErrorCode::ConnectionTerminated => "it hung up",
            ErrorCode::TlsCertificateError | ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
                "it cannot be trusted to be who it says (TLS)"
            }
            ErrorCode::InternalError(Some(why)) => why,
            other => return self.failed(&format!("{other:?}")),
        };
        self.failed(why)
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}
