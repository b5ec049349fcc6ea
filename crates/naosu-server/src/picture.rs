//! A picture that was sent: what kind it is and how large it is drawn, before anything decodes it.

/// The largest file, in bytes.
pub(crate) const BYTES_LIMIT: usize = 15 * 1024 * 1024;
/// The longest side, in pixels.
const SIDE_LIMIT: u32 = 12_000;
/// The most pixels: what a good phone's camera makes.
const PIXELS_LIMIT: u64 = 64_000_000;

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unfit {
    /// None of the kinds that are read: PNG, JPEG, WebP.
    #[error("no picture of a kind that is read")]
    Kind,
    /// More bytes or pixels than are read.
    #[error("the picture is too large")]
    Large,
    /// It says no size, or the size 0.
    #[error("the picture is damaged")]
    Damaged,
}

/// Checks a picture by its own first bytes; what the sender called it counts for nothing.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Unfit> {
    if bytes.len() > BYTES_LIMIT {
        return Err(Unfit::Large);
    }
    let size = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(bytes)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        jpeg(bytes)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        webp(bytes)
    } else {
        return Err(Unfit::Kind);
    };
    match size {
        None | Some((0, _) | (_, 0)) => Err(Unfit::Damaged),
        Some((width, height))
            if width > SIDE_LIMIT
                || height > SIDE_LIMIT
                || u64::from(width) * u64::from(height) > PIXELS_LIMIT =>
        {
            Err(Unfit::Large)
        }
        Some(_) => Ok(()),
    }
}

/// The first chunk says it (PNG, RFC 2083 section 4.1.1).
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((big(bytes.get(16..20)?), big(bytes.get(20..24)?)))
}

/// The frame header says it (ITU T.81 section B.2.2).
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    // markers before the frame: no honest file has hundreds of them
    for _ in 0..512 {
        while *bytes.get(at)? == 0xff && *bytes.get(at + 1)? == 0xff {
            at += 1;
        }
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
        match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((big(bytes.get(at + 7..at + 9)?), big(bytes.get(at + 5..at + 7)?)));
            }
            0xd8..=0xda => return None,
            _ if length < 2 => return None,
            _ => at += 2 + length,
        }
    }
    None
}

/// Each of the three forms says it in its own way (RFC 9649 sections 2.5 to 2.7).
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    let little = |at: usize| Some(u32::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    match bytes.get(12..16)? {
        b"VP8 " => Some((little(26)? & 0x3fff, little(28)? & 0x3fff)),
        b"VP8L" => {
            let bits = little(21)? | little(23)? << 16;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => {
            let three = |at: usize| Some(little(at)? | u32::from(*bytes.get(at + 2)?) << 16);
            Some((three(24)? + 1, three(27)? + 1))
        }
        _ => None,
    }
}

fn big(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    #[test]
    fn the_size_is_read_from_the_file_itself() {
        assert_eq!(check(&png_of(1170, 2532)), Ok(()));
        assert_eq!(check(&png_of(60_000, 60_000)), Err(Unfit::Large));
        assert_eq!(check(&png_of(11_000, 11_000)), Err(Unfit::Large));
        assert_eq!(check(&png_of(0, 10)), Err(Unfit::Damaged));
        let mut jpeg = b"\xff\xd8\xff\xe0\x00\x04ab".to_vec();
        jpeg.extend(b"\xff\xc0\x00\x11\x08\x09\xe4\x04\x92\x03");
        assert_eq!(super::jpeg(&jpeg), Some((1170, 2532)));
        assert_eq!(check(&jpeg), Ok(()));
        assert_eq!(webp(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x91\x04\0\xe3\x09\0"), Some((1170, 2532)));
    }

    #[test]
    fn what_is_no_picture_is_not_taken() {
        for bytes in [
            &b"GIF89a"[..],
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"%PDF-1.7",
            b"\0\0\0\x18ftypheic",
        ] {
            assert_eq!(check(bytes), Err(Unfit::Kind));
        }
        for bytes in [
            &b"\x89PNG\r\n\x1a\n"[..],
            b"\xff\xd8\xff\xe0\xff",
            b"\xff\xd8\xff\xe0\0\0",
            b"RIFF\0\0\0\0WEBPVP8 ",
        ] {
            assert_eq!(check(bytes), Err(Unfit::Damaged));
        }
    }
}
