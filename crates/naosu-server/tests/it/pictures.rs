//! Pictures of screens that are sent.

use crate::browser::Server;

/// The beginning of a PNG file of that size; nothing more of it is read before the size is checked.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pictures_of_a_sensible_size_are_read() {
    let server = Server::start().await;
    let mut browser = server.browser("en");
    for (picture, status) in [
        (&b"<svg xmlns='x'><script/></svg>"[..], 415),
        (b"MZ\x90\0", 415),
        (b"\x89PNG\r\n\x1a\n", 415),
        (b"", 422),
        (&png(50_000, 50_000), 413),
    ] {
        let page = browser.upload("/screenshot", "picture", picture).await;
        assert_eq!(page.status, status, "{picture:?}");
        assert!(page.has("role=\"alert\""));
    }
    let mut large = png(100, 100);
    large.resize(16 * 1024 * 1024, 0);
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
