use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Answers each connection with the next of these texts, and counts connections.
async fn server(answers: Vec<String>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
        // Whoever connects now should not have.
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, count)
}

fn page(kind: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

/// Names that lead somewhere else each time they are looked up, and how often that was.
struct Changing(Mutex<Vec<Vec<IpAddr>>>, AtomicUsize);

impl Names for Changing {
    fn look_up(&self, _: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let next = self.0.lock().unwrap().remove(0);
        Box::pin(async { Ok(next) })
    }
}

fn named(port: u16) -> Vec<(String, Option<u16>)> {
    vec![("127.0.0.1".to_owned(), Some(port))]
}

async fn fetch(named: Vec<(String, Option<u16>)>, url: &str) -> Result<String, FetchError> {
    Fetcher::new(named).fetch(url).await
}

#[tokio::test]
async fn addresses_that_are_not_public_are_never_connected_to() {
    let (port, count) = server(Vec::new()).await;
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
    ] {
        let refused = fetch(Vec::new(), &format!("http://{host}:{port}/")).await;
        assert!(matches!(refused, Err(FetchError::NotPublic | FetchError::Away)), "{host}: {refused:?}");
    }
    for url in ["file:///etc/passwd", "gopher://127.0.0.1/", "http://a:b@example.com/", "//example.com", "x"]
    {
        assert_eq!(fetch(Vec::new(), url).await, Err(FetchError::Address), "{url}");
    }
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_host_that_is_named_is_asked_on_its_port_alone() {
    let (other, count) = server(Vec::new()).await;
    let (port, _) =
        server(vec![page("text/markdown", "- a"), redirect(&format!("http://127.0.0.1:{other}/"))]).await;
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(fetch(named(port), &url).await.as_deref(), Ok("- a"));
    assert_eq!(fetch(named(port), &url).await, Err(FetchError::NotPublic), "a redirect to another port");
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn every_redirect_is_looked_at() {
    for to in [
        "http://127.0.0.2/",
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "//10.0.0.1/",
    ] {
        let (port, _) = server(vec![redirect("/next"), redirect(to)]).await;
        let refused = fetch(named(port), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(refused, Err(FetchError::NotPublic), "{to}");
    }
    let (port, count) = server(vec![redirect("/"); 9]).await;
    assert_eq!(fetch(named(port), &format!("http://127.0.0.1:{port}/")).await, Err(FetchError::Redirects));
    assert_eq!(count.load(Ordering::SeqCst), REDIRECTS + 1);
    let (port, _) = server(vec![redirect("ftp://example.com/")]).await;
    assert_eq!(fetch(named(port), &format!("http://127.0.0.1:{port}/")).await, Err(FetchError::Address));
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_connected_to_where_it_was_looked_at() {
    let (port, count) = server(vec![page("text/plain", "a")]).await;
    let loopback: IpAddr = "127.0.0.1".parse().unwrap();
    let public: IpAddr = "192.0.2.1".parse().unwrap();
    let url = format!("http://changing.example:{port}/");

    // At first it is public, as far as the guard knows; then it is not.
    let names = Arc::new(Changing(Mutex::new(vec![vec![loopback]]), AtomicUsize::new(0)));
    let fetcher = Fetcher::with_names(Vec::new(), names.clone());
    assert_eq!(fetcher.fetch(&url).await, Err(FetchError::NotPublic));
    assert_eq!(fetcher.fetch("http://192.0.2.1/").await, Err(FetchError::NotPublic));
    let mixed = vec![vec![public, loopback]];
    let fetcher = Fetcher::with_names(Vec::new(), Arc::new(Changing(Mutex::new(mixed), AtomicUsize::new(0))));
    assert_eq!(fetcher.fetch(&url).await, Err(FetchError::NotPublic), "none of both is public");
    assert_eq!(count.load(Ordering::SeqCst), 0);

    // Were the name looked up a second time for the connection, there would be nothing left to find.
    let names = Arc::new(Changing(Mutex::new(vec![vec![loopback]]), AtomicUsize::new(0)));
    let by_name = vec![("changing.example".to_owned(), None)];
    let fetcher = Fetcher::with_names(by_name, names.clone());
    assert_eq!(fetcher.fetch(&url).await.as_deref(), Ok("a"));
    assert_eq!((names.1.load(Ordering::SeqCst), count.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn what_is_no_text_or_too_much_of_it_is_refused() {
    let large = page("text/plain", &"x".repeat((1 << 20) + 1));
    let endless = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{}", "x".repeat(2 * (1 << 20)));
    for (answer, expected) in [
        (page("application/pdf", "%PDF"), FetchError::MediaType),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".to_owned(), FetchError::MediaType),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(), FetchError::Status(404)),
        ("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".to_owned(), FetchError::Away),
        ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".to_owned(), FetchError::Redirects),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nx".to_owned(),
            FetchError::Away,
        ),
        (large, FetchError::TooLarge(1 << 20)),
        (endless, FetchError::TooLarge(1 << 20)),
    ] {
        let (port, _) = server(vec![answer]).await;
        assert_eq!(fetch(named(port), &format!("http://127.0.0.1:{port}/")).await, Err(expected));
    }
}

/// Time stands still but for this: nothing else is left to wait for.
#[tokio::test]
async fn a_server_that_never_ends_is_left_after_ten_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let fetcher = Fetcher::new(named(port));
    let url = format!("http://127.0.0.1:{port}/");
    let fetching = fetcher.fetch(&url);
    let silent = async {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::time::pause();
        tokio::time::advance(TOTAL).await;
        std::future::pending::<()>().await;
        drop(stream);
    };
    tokio::select! {
        outcome = fetching => assert_eq!(outcome, Err(FetchError::TimedOut)),
        () = silent => unreachable!("it never ends"),
    }
}
