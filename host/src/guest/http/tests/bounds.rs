//! What one run may spend: requests, connections, bytes, patience.

use super::*;

#[tokio::test]
async fn the_head_of_an_answer_is_bounded() {
    let (port, _) = server(answer(&format!("x-much: {}\r\n", "x".repeat(20_000)), "")).await;
    let url = format!("http://127.0.0.1:{port}");
    let error = Guest::with(std::slice::from_ref(&url)).get(&url).await.err();
    assert!(
        matches!(error, Some(Error::HttpResponseHeaderSectionSize(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_bodies_of_answers_are_bounded_together() {
    let megabytes = 12;
    let (port, _) = server(answer("", &"x".repeat(megabytes << 20))).await;
    let url = format!("http://127.0.0.1:{port}");
    let mut guest = Guest::with(std::slice::from_ref(&url));
    for _ in 0..5 {
        assert_eq!(guest.body(&url).await.unwrap().len(), megabytes << 20);
    }
    let error = guest.body(&url).await.err();
    assert!(matches!(error, Some(Error::HttpResponseBodySize(_))), "{error:?}");
    assert_eq!(
        guest.refusals.lines(),
        "innkeeper: refused: more than 64 MB of HTTP answers in one run\n"
    );
}

#[tokio::test]
async fn requests_are_counted() {
    let (port, connections) = server(answer("content-length: 0\r\n", "")).await;
    let url = format!("http://127.0.0.1:{port}");
    let mut guest = Guest::with(std::slice::from_ref(&url));
    for _ in 0..limits::HTTP_REQUESTS {
        guest.body(&url).await.unwrap();
    }
    let error = guest.get(&url).await.err();
    assert!(matches!(error, Some(Error::HttpRequestDenied)), "{error:?}");
    assert_eq!(
        guest.refusals.lines(),
        "innkeeper: refused: more than 100 HTTP requests in one run\n"
    );
    assert_eq!(connections.load(Ordering::SeqCst), 100);
}

#[tokio::test]
async fn connections_at_once_are_few() {
    let (port, connections) = server(answer("content-length: 5\r\n", "h")).await;
    let url = format!("http://127.0.0.1:{port}");
    let mut guest = Guest::with(std::slice::from_ref(&url));
    let mut held = Vec::new();
    for _ in 0..limits::HTTP_CONNECTIONS {
        held.push(guest.get(&url).await.unwrap());
    }
    let soon = RequestOptions {
        connect_timeout: Some(Duration::from_millis(100)),
        ..RequestOptions::default()
    };
    let error = guest.send("GET", &url, soon).await.unwrap().err();
    assert!(matches!(error, Some(Error::ConnectionLimitReached)), "{error:?}");
    assert_eq!(connections.load(Ordering::SeqCst), limits::HTTP_CONNECTIONS);
    held.pop();
    assert!(guest.get(&url).await.is_ok());
}

#[tokio::test]
async fn silence_is_bounded() {
    let soon = RequestOptions {
        connect_timeout: None,
        first_byte_timeout: Some(Duration::from_millis(100)),
        between_bytes_timeout: Some(Duration::from_millis(100)),
    };
    let (port, _) = server(None).await;
    let url = format!("http://127.0.0.1:{port}");
    let error = Guest::with(std::slice::from_ref(&url))
        .send("GET", &url, soon)
        .await
        .unwrap()
        .err();
    assert!(matches!(error, Some(Error::ConnectionReadTimeout)), "{error:?}");

    let (port, _) = stalling().await;
    let url = format!("http://127.0.0.1:{port}");
    let mut guest = Guest::with(std::slice::from_ref(&url));
    let (answer, drive) = guest.send("GET", &url, soon).await.unwrap().unwrap();
    let drive = tokio::spawn(Box::into_pin(drive));
    let error = answer.into_body().collect().await.err();
    assert!(matches!(error, Some(Error::ConnectionReadTimeout)), "{error:?}");
    drive.abort();

    let forever = RequestOptions {
        connect_timeout: Some(Duration::MAX),
        first_byte_timeout: Some(Duration::MAX),
        between_bytes_timeout: Some(Duration::MAX),
    };
    let times = Times::of(Some(forever));
    assert_eq!(
        (times.connect, times.first_byte),
        (limits::HTTP_CONNECT, limits::HTTP_SILENCE)
    );
    assert_eq!(times.between_bytes, limits::HTTP_SILENCE);
}

/// A server that begins an answer and does not go on.
async fn stalling() -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel";
        stream.write_all(head).await.unwrap();
        std::future::pending::<()>().await;
    });
    (port, task)
}
