//! What broken and hostile servers send.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::fault::Hostile;
use crate::server::talk::{Protocol, Stream};

/// Bytes that look random and are the same for the same seed.
pub(crate) fn garbage(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xdead_beef_cafe_f00d;
    (0..length)
        .map(|_| {
            // xorshift64 (Marsaglia 2003)
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// Sends what `hostile` says in place of `healthy`, whole lines with their tag. An error ends the conversation.
pub(crate) async fn play(
    hostile: Hostile,
    protocol: Protocol,
    stream: &mut Box<dyn Stream>,
    healthy: &str,
) -> io::Result<()> {
    match hostile {
        // A conversation is cut off, not merely ended, where the gate told the socket so.
        Hostile::Close | Hostile::Reset => return Err(io::ErrorKind::ConnectionAborted.into()),
        Hostile::Drip => {
            for byte in healthy.as_bytes() {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Hostile::EndlessLine => {
            let start = match protocol {
                Protocol::Imap => "* OK ",
                Protocol::Pop => "+OK ",
                Protocol::Smtp => "250-",
            };
            stream.write_all(start.as_bytes()).await?;
            endlessly(stream, &[b'a'; 8_192]).await?;
        }
        Hostile::EndlessLines => {
            let line = match protocol {
                Protocol::Imap => "* 1 EXISTS\r\n",
                Protocol::Pop => "1 24\r\n",
                Protocol::Smtp => "250-STILL-MORE\r\n",
            };
            if protocol == Protocol::Pop {
                stream.write_all(b"+OK\r\n").await?;
            }
            endlessly(stream, line.repeat(600).as_bytes()).await?;
        }
        Hostile::Garbage => stream.write_all(&garbage(7, 4_096)).await?,
        Hostile::Half => {
            stream.write_all(&healthy.as_bytes()[..healthy.len() / 2]).await?;
            stream.flush().await?;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Hostile::HugeLiteral => {
            let start =
                if protocol == Protocol::Imap { "* 1 FETCH (BODY[] {4294967295}\r\n" } else { "+OK 250-" };
            stream.write_all(start.as_bytes()).await?;
            endlessly(stream, &[b'a'; 8_192]).await?;
        }
        Hostile::Mute => std::future::pending().await,
        Hostile::NulBytes => {
            let line = healthy.trim_end();
            stream.write_all(line.replace(' ', "\0 ").as_bytes()).await?;
            stream.write_all(b"\0\0\r\n").await?;
        }
        Hostile::OkThenNo => {
            let tag = healthy.lines().last().and_then(|line| line.split(' ').next()).unwrap_or("*");
            let contrary = match protocol {
                Protocol::Imap => format!("{tag} NO I have changed my mind\r\n"),
                Protocol::Pop => "-ERR I have changed my mind\r\n".to_owned(),
                Protocol::Smtp => "554 5.3.0 I have changed my mind\r\n".to_owned(),
            };
            stream.write_all(format!("{healthy}{contrary}").as_bytes()).await?;
        }
        Hostile::WrongTag => {
            let line = match protocol {
                Protocol::Imap => "zz99 OK completed something else\r\n".to_owned(),
                Protocol::Pop => format!("? {healthy}"),
                Protocol::Smtp => format!("999 {healthy}"),
            };
            stream.write_all(line.as_bytes()).await?;
        }
    }
    stream.flush().await
}

/// Writes until the client hangs up.
async fn endlessly(stream: &mut Box<dyn Stream>, piece: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(piece).await?;
        stream.flush().await?;
        // A world has one thread for all its servers: leave the others some of it.
        tokio::task::yield_now().await;
    }
}
