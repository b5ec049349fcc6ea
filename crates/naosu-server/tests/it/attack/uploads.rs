//! Uploads that are too large, unpack to too much, or are broken.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::serving::{Answer, Serving};

/// A form with that picture in it.
fn form(picture: &[u8]) -> Vec<u8> {
    let head =
        "--x\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"../../etc/passwd\"\r\n\r\n";
    [head.as_bytes(), picture, b"\r\n--x--\r\n"].concat()
}

async fn send(serving: &Serving, path: &str, more: &str, body: &[u8]) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: naosu.example.jp\r\nConnection: close\r\nContent-Length: {}\r\n{more}\r\n",
        body.len()
    );
    serving.say(&[head.as_bytes(), body].concat()).await
}

async fn upload(serving: &Serving, picture: &[u8]) -> Answer {
    send(serving, "/screenshot", "Content-Type: multipart/form-data; boundary=x\r\n", &form(picture)).await
}

/// CRC-32 as PNG has it (ISO 3309).
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(sum & 1)))
    })
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [kind.as_slice(), data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [length.as_slice(), &named, &checksum(&named).to_be_bytes()].concat()
}

/// A PNG file of that size, bits and kind of colour, with these packed points.
fn png(side: u32, bits: u8, colour: u8, packed: &[u8]) -> Vec<u8> {
    let sides = [side.to_be_bytes(), side.to_be_bytes()].concat();
    let header = chunk(*b"IHDR", &[sides.as_slice(), &[bits, colour, 0, 0, 0]].concat());
    [b"\x89PNG\r\n\x1a\n".as_slice(), &header, &chunk(*b"IDAT", packed), &chunk(*b"IEND", b"")].concat()
}

/// Zeros as one zlib stream (RFC 1950 and 1951 section 3.2.6): a literal, then copies of 258 bytes in 13 bits each.
fn zeros(copies: usize) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (vec![0x78, 0x9c], 0_u32, 0);
    let mut put = |value: u32, length: u32| {
        for place in 0..length {
            bits |= (value >> place & 1) << count;
            count += 1;
            if count == 8 {
                bytes.push(u8::try_from(bits).unwrap());
                (bits, count) = (0, 0);
            }
        }
    };
    // the last block, with the fixed codes; codes go in with their first bit first
    put(0b011, 3);
    put(0b0000_1100, 8);
    for _ in 0..copies {
        put(0b1010_0011, 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 7);
    bytes.extend([0; 4]);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_upload_does_not_unpack_to_a_large_picture() {
    let serving = Serving::start(true).await;
    // 100 MB of zeros behind a header of a hundred points
    let bomb = png(10, 8, 2, &zeros(400_000));
    assert!(bomb.len() < 700_000);
    let answer = upload(&serving, &bomb).await;
    assert!(matches!(answer.status, 415 | 422 | 501), "{answer:?}");
    for (side, bits, colour) in [(8_000, 16, 6), (8_001, 8, 2), (16_384, 1, 0), (60_000, 1, 0), (0, 8, 2)] {
        let answer = upload(&serving, &png(side, bits, colour, &zeros(1_000))).await;
        assert!(matches!(answer.status, 413 | 415), "{side}: {answer:?}");
        assert!(answer.body.contains("role=\"alert\""));
    }
    assert_eq!(serving.get("/", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_packed_in_transit_is_not_unpacked() {
    let serving = Serving::start(true).await;
    let packed = zeros(400_000);
    for (path, kind) in [
        ("/cases", "application/x-www-form-urlencoded"),
        ("/api/v1/cases", "application/json"),
        ("/screenshot", "multipart/form-data; boundary=x"),
        ("/api/v1/pictures", "image/png"),
    ] {
        for how in ["gzip", "deflate", "br", "gzip, gzip"] {
            let more = format!("Content-Type: {kind}\r\nContent-Encoding: {how}\r\n");
            let answer = send(&serving, path, &more, &packed).await;
            assert!((400..500).contains(&answer.status), "{path} {how}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_forms_are_refused_and_nothing_of_their_names_is_used() {
    let serving = Serving::start(true).await;
    let kind = "Content-Type: multipart/form-data; boundary=x\r\n";
    let field = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n".as_slice();
    let headers = format!("--x\r\n{}\r\n\r\n", "X: y\r\n".repeat(20_000));
    for body in [
        b"".as_slice(),
        b"--x--\r\n",
        b"--x\r\n\r\n",
        b"--x\r\nContent-Disposition: form-data; name=\"picture\"\r\n\r\nhalf",
        b"no boundary at all",
        &field.repeat(2_000),
        headers.as_bytes(),
        &vec![b'-'; 200_000],
        &form(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"),
        &form(b"\xff\xd8\xff\xe0\x00\x10JFIF"),
        &form(b"RIFF\xff\xff\xff\xffWEBPVP8 "),
        &form(b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"),
        &form(b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>"),
        &form(b"PK\x03\x04"),
        &form(b"%PDF-1.7"),
    ] {
        let answer = send(&serving, "/screenshot", kind, body).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert!((400..500).contains(&answer.status), "{shown}: {answer:?}");
        assert!(!answer.body.contains("passwd") && !answer.body.contains("root:"), "{shown}");
    }
}

/// Takes the minute that such a request is given.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute"]
async fn whoever_sends_a_body_letter_by_letter_is_answered_and_hung_up_on() {
    let serving = Serving::start(false).await;
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    let head = "POST /cases HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answer = vec![0; 64];
    let trickle = async {
        loop {
            let _ = writer.write_all(b"w").await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let heard = timeout(Duration::from_secs(90), reader.read(&mut answer));
    tokio::select! {
        heard = heard => assert!(heard.unwrap().unwrap() > 0 && answer.starts_with(b"HTTP/1.1 408")),
        () = trickle => {}
    }
}
