//! A small HTTP client.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::within;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body, as text.
    pub body: String,
}

impl Reply {
    /// Whether it was a 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends a request with these headers and this body.
///
/// # Errors
/// Nobody answered: refused, or closed before the answer was whole.
pub async fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Reply, String> {
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let exchange = async {
        let response = client.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        Ok(Reply {
            status,
            headers,
            body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        })
    };
    within(&format!("an answer from {url}"), exchange).await
}

/// `GET`, answered.
pub async fn get(url: &str) -> Reply {
    request("GET", url, &[], "")
        .await
        .unwrap_or_else(|why| panic!("GET {url}: {why}"))
}

/// `POST`, answered.
pub async fn post(url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    request("POST", url, headers, body)
        .await
        .unwrap_or_else(|why| panic!("POST {url}: {why}"))
}
