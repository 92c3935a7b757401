//! Asks for an address over `wasi:http` as it was typed, and for each address that an answer sends it to. Prints every
//! status and the last body. An error is printed to stderr, by its code, and is exit code 1.

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (method, url) = match arguments.as_slice() {
        [url] => ("GET", url),
        [method, url] => (method.as_str(), url),
        _ => {
            eprintln!("expected [method] url");
            std::process::exit(2);
        }
    };
    #[cfg(target_os = "wasi")]
    if let Err(code) = fetch::follow(method, url.clone()) {
        eprintln!("{code}");
        std::process::exit(1);
    }
    #[cfg(not(target_os = "wasi"))]
    println!("{method} {url}: only as a component");
}

#[cfg(target_os = "wasi")]
mod fetch {
    use wasip2::http::outgoing_handler::handle;
    use wasip2::http::types::{Fields, IncomingResponse, Method, OutgoingRequest, Scheme};
    use wasip2::io::streams::StreamError;

    /// Asks, and goes where the answer says, five times at most.
    pub(crate) fn follow(method: &str, mut url: String) -> Result<(), String> {
        for _ in 0..5 {
            let response = ask(method, &url)?;
            println!("{}", response.status());
            match response.headers().get("location").first() {
                Some(location) => url = String::from_utf8_lossy(location).into_owned(),
                None => {
                    println!("{}", body(&response)?);
                    return Ok(());
                }
            }
        }
        Err("redirected too often".to_owned())
    }

    fn ask(method: &str, url: &str) -> Result<IncomingResponse, String> {
        let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => Scheme::Other(other.to_owned()),
        };
        let method = match method {
            "GET" => Method::Get,
            "CONNECT" => Method::Connect,
            other => Method::Other(other.to_owned()),
        };
        let request = OutgoingRequest::new(Fields::new());
        request
            .set_method(&method)
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(authority)))
            .and_then(|()| request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })))
            .map_err(|()| "not an address".to_owned())?;
        let future = handle(request, None).map_err(|code| code.to_string())?;
        future.subscribe().block();
        let answer = future.get().ok_or("no answer")?.map_err(|()| "no answer")?;
        answer.map_err(|code| code.to_string())
    }

    fn body(response: &IncomingResponse) -> Result<String, String> {
        let body = response.consume().map_err(|()| "no body")?;
        let stream = body.stream().map_err(|()| "no stream")?;
        let mut bytes = Vec::new();
        loop {
            match stream.blocking_read(64 * 1024) {
                Ok(more) => bytes.extend(more),
                Err(StreamError::Closed) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
            }
        }
    }
}
