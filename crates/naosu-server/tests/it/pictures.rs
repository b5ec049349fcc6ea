//! Pictures of screens that are sent.

use crate::browser::Server;

/// A PNG file of 50,000 by 50,000 points, as far as its size is told: no more of it is read.
const VAST: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xc3\x50\0\0\xc3\x50\x08\0\0\0\0\x6e\xc4\x62\x16\0\0\0\x0aIDAT";

#[tokio::test(flavor = "multi_thread")]
async fn only_pictures_of_a_sensible_size_are_read() {
    let server = Server::start().await;
    let mut browser = server.browser("en");
    for (picture, status) in [
        (&b"<svg xmlns='x'><script/></svg>"[..], 415),
        (b"MZ\x90\0", 415),
        (b"\x89PNG\r\n\x1a\n", 415),
        (b"", 422),
        (VAST, 413),
    ] {
        let page = browser.upload("/screenshot", "picture", picture).await;
        assert_eq!(page.status, status, "{picture:?}");
        assert!(page.has("role=\"alert\""));
    }
    let large = vec![0; 16 * 1024 * 1024];
    assert_eq!(browser.upload("/screenshot", "picture", &large).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_form_is_refused() {
    let server = Server::start().await;
    let mut browser = server.browser("ja");
    for kind in ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"] {
        let page = browser.send("POST", "/screenshot", kind, b"picture=x".to_vec()).await;
        assert!((400..500).contains(&page.status), "{kind}: {}", page.status);
    }
    let broken =
        b"--frontier\r\nContent-Disposition: form-data; name=\"picture\"\r\n\r\nhalf a pict".to_vec();
    let page = browser.send("POST", "/screenshot", "multipart/form-data; boundary=frontier", broken).await;
    assert_eq!(page.status, 400);
    // the limit of uploads is for uploads alone
    let page = browser.send("POST", "/cases", "application/x-www-form-urlencoded", vec![b'a'; 600_000]).await;
    assert_eq!(page.status, 413);
}
