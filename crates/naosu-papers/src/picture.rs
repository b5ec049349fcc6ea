//! Pictures of a screen, from outside: what they are by their first bytes, decoded within limits, and encoded anew.
//!
//! A picture that was encoded anew holds points and nothing else: place, time, device and comments of the original stay
//! behind.

use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use crate::Mistake;

/// The largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 20 * 1024 * 1024;
/// The most points that are decoded; a telephone's photo has up to 48 million.
const POINTS_LIMIT: u64 = 64_000_000;
/// The longest side that is decoded, in points.
const SIDE_LIMIT: u32 = 16_384;
/// What the points may take of the memory, in bytes: a telephone's largest photo, also with transparency.
const MEMORY_LIMIT: u64 = 208 * 1024 * 1024;
/// The longest side of a picture that is handed on, in points: every word can be read, and mail takes it.
const HANDED_SIDE: u32 = 2400;
/// How good a photo that is handed on stays, of 100.
const HANDED_QUALITY: u8 = 85;

/// A picture that was read.
pub struct Picture {
    points: DynamicImage,
    photo: bool,
}

/// A picture to hand on: nothing in it but its points.
pub struct Bare {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// `image/png` or `image/jpeg`.
    pub media: &'static str,
    /// `png` or `jpg`.
    pub extension: &'static str,
    /// Its width in points.
    pub width: u32,
    /// Its height in points.
    pub height: u32,
}

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Readable(ImageFormat),
    /// The photos of an iPhone or iPad, and AVIF.
    Heic,
    Other,
}

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// None of the kinds that are read: PNG, JPEG, WebP, BMP.
    Kind,
    /// The photo of an iPhone or iPad, or AVIF.
    Heic,
    /// More bytes than are read.
    Large,
    /// More points than are decoded.
    Points,
    /// It cannot be decoded.
    Damaged,
}

impl Unfit {
    /// It and the mend in one line; `name` is what the picture is called.
    pub fn told(self, name: &str) -> anyhow::Error {
        match self {
            Self::Kind => Mistake::error(
                format!(
                    "{name}: not a picture in PNG, JPEG, WebP or BMP format: take a screenshot, or save it as PNG"
                ),
                format!(
                    "{name}: PNG・JPEG・WebP・BMPの画像ではありません: スクリーンショットか、PNGで保存した画像を指定してください"
                ),
            ),
            Self::Heic => Mistake::error(
                format!(
                    "{name}: a HEIC photo, which cannot be read here: take a screenshot of the message (it is PNG), \
                     open the photo on a Mac in Preview and export it as JPEG, or set Settings › Camera › Formats › \
                     Most Compatible and take it again"
                ),
                format!(
                    "{name}: HEIC形式の写真は、ここでは読み取れません: メッセージのスクリーンショット(PNG)を撮るか、\
                     Macの「プレビュー」でJPEGに書き出すか、「設定」→「カメラ」→「フォーマット」→「互換性優先」にして撮り直してください"
                ),
            ),
            Self::Large => Mistake::error(
                format!("{name}: larger than 20 MB: cut out the part with the message"),
                format!("{name}: 20 MBを超えています: メッセージの部分だけを切り取ってください"),
            ),
            Self::Points => Mistake::error(
                format!("{name}: more than 64 million points: cut out the part with the message"),
                format!("{name}: 6400万画素を超えています: メッセージの部分だけを切り取ってください"),
            ),
            Self::Damaged => Mistake::error(
                format!("{name}: the picture is damaged: take or save it once more"),
                format!("{name}: 画像が壊れています: 撮り直すか、保存し直してください"),
            ),
        }
    }
}

impl Picture {
    /// Reads a file; `option` is what named it, for the message where it cannot be read.
    pub fn read(option: &str, file: &Path) -> Result<Self> {
        let name = format!("{option} {}", file.display());
        Self::of(&bytes(&name, file)?).map_err(|unfit| unfit.told(&name))
    }

    /// Decodes what was sent.
    ///
    /// # Errors
    /// Why it is not taken; [`Unfit::told`] says it to a person.
    pub fn of(bytes: &[u8]) -> Result<Self, Unfit> {
        if bytes.len() as u64 > SIZE_LIMIT {
            return Err(Unfit::Large);
        }
        let format = match kind(bytes) {
            Kind::Readable(format) => format,
            Kind::Heic => return Err(Unfit::Heic),
            Kind::Other => return Err(Unfit::Kind),
        };
        Ok(Self { points: decoded(bytes, format)?, photo: format == ImageFormat::Jpeg })
    }

    /// Its points.
    pub fn points(&self) -> &DynamicImage {
        &self.points
    }

    /// The picture encoded anew, smaller where it was very large; a photo as JPEG, anything else as PNG.
    pub fn bare(&self) -> Result<Bare> {
        let large = self.points.width().max(self.points.height()) > HANDED_SIDE;
        let handed = large.then(|| self.points.thumbnail(HANDED_SIDE, HANDED_SIDE));
        let points = on_white(handed.as_ref().unwrap_or(&self.points));
        let (width, height) = points.dimensions();
        let mut bytes = Vec::new();
        if self.photo {
            JpegEncoder::new_with_quality(&mut bytes, HANDED_QUALITY)
                .encode_image(&points)
                .context("encode a picture")?;
            return Ok(Bare { bytes, media: "image/jpeg", extension: "jpg", width, height });
        }
        points.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).context("encode a picture")?;
        Ok(Bare { bytes, media: "image/png", extension: "png", width, height })
    }
}

/// The points over white: what is transparent shows nothing hidden.
pub fn on_white(points: &DynamicImage) -> RgbImage {
    if !points.color().has_alpha() {
        return points.to_rgb8();
    }
    let seen = points.to_rgba8();
    RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [r, g, b, alpha] = seen.get_pixel(x, y).0;
        let over = |part: u8| {
            let mixed = u32::from(part) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([over(r), over(g), over(b)])
    })
}

fn decoded(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, Unfit> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_LIMIT);
    limits.max_image_height = Some(SIDE_LIMIT);
    limits.max_alloc = Some(MEMORY_LIMIT);
    reader.limits(limits);
    let problem = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => Unfit::Points,
        _ => Unfit::Damaged,
    };
    let mut decoder = reader.into_decoder().map_err(problem)?;
    let (width, height) = decoder.dimensions();
    // the decoder's own limit counts what it needs besides the points
    let large = decoder.total_bytes() > MEMORY_LIMIT;
    if large || u64::from(width) * u64::from(height) > POINTS_LIMIT {
        return Err(Unfit::Points);
    }
    // a telephone says in the metadata how it was held
    let held = decoder.orientation().ok();
    let mut points = DynamicImage::from_decoder(decoder).map_err(problem)?;
    if let Some(held) = held {
        points.apply_orientation(held);
    }
    Ok(points)
}

fn bytes(name: &str, file: &Path) -> Result<Vec<u8>> {
    let unreadable = |error: std::io::Error| {
        Mistake::error(
            format!("{name}: {error}: name a picture that can be read"),
            format!("{name}: 読めません({error}): 読み取れる画像を指定してください"),
        )
    };
    let known = std::fs::metadata(file).map_err(unreadable)?;
    if !known.is_file() {
        return Err(unreadable(std::io::ErrorKind::InvalidInput.into()));
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    opened.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn kind(bytes: &[u8]) -> Kind {
    const BRANDS: [&[u8]; 8] = [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"];
    let brand = bytes.get(8..12).filter(|_| bytes.get(4..8) == Some(b"ftyp"));
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Kind::Readable(ImageFormat::Png),
        [0xff, 0xd8, 0xff, ..] => Kind::Readable(ImageFormat::Jpeg),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Kind::Readable(ImageFormat::WebP),
        [b'B', b'M', ..] => Kind::Readable(ImageFormat::Bmp),
        _ if brand.is_some_and(|brand| BRANDS.contains(&brand)) => Kind::Heic,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(extra: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        DynamicImage::new_rgb8(4, 3).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        // after the signature and the header, where any chunk may stand
        bytes.splice(33..33, extra.iter().copied());
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Picture> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("picture");
        std::fs::write(&file, bytes).unwrap();
        Picture::read("--image", &file)
    }

    fn refused(bytes: &[u8]) -> String {
        read(bytes).err().expect("it is refused").to_string()
    }

    #[test]
    fn what_is_written_into_a_picture_stays_behind() {
        // a chunk tEXt "Author\0hanako" with its length and checksum
        let mut chunk = b"\0\0\0\x0dtEXtAuthor\0hanako".to_vec();
        chunk.extend(0x8c2c_18e9_u32.to_be_bytes());
        let given = png(&chunk);
        assert!(given.windows(6).any(|part| part == b"hanako"));
        let bare = read(&given).unwrap().bare().unwrap();
        assert!(!bare.bytes.windows(6).any(|part| part == b"hanako"));
        assert_eq!((bare.media, bare.width, bare.height), ("image/png", 4, 3));
    }

    #[test]
    fn a_photo_keeps_how_it_was_held_and_loses_the_rest() {
        let mut bytes = Vec::new();
        DynamicImage::new_rgb8(8, 4).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
        // Exif with one field, orientation 6: turned by a quarter; and what else may stand there
        let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        exif.extend(b"GPS 35.6586N 139.7454E");
        let mut segment = vec![0xff, 0xe1];
        segment.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        segment.extend(exif);
        bytes.splice(2..2, segment);
        let bare = read(&bytes).unwrap().bare().unwrap();
        assert_eq!((bare.media, bare.width, bare.height), ("image/jpeg", 4, 8));
        for part in [&b"GPS"[..], b"Exif"] {
            assert!(!bare.bytes.windows(part.len()).any(|seen| seen == part));
        }
    }

    #[test]
    fn a_picture_is_known_by_its_bytes_and_an_iphone_photo_is_told_apart() {
        for (bytes, part) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0"[..], "HEIC"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
            (b"%PDF-1.7", "not a picture"),
            (b"", "not a picture"),
            (&png(&[])[..40], "damaged"),
            (b"\xff\xd8\xff\xe0 nothing more", "damaged"),
        ] {
            let told = refused(bytes);
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn few_points_that_take_much_memory_are_refused_too() {
        let mut bytes = png(&[]);
        // 7000 by 7000 points of 64 bits each, and the checksum: 49 million points, 392 MB
        bytes[16..29].copy_from_slice(&[0, 0, 0x1b, 0x58, 0, 0, 0x1b, 0x58, 16, 6, 0, 0, 0]);
        bytes[29..33].copy_from_slice(&0xc90b_67cc_u32.to_be_bytes());
        let told = refused(&bytes);
        assert!(told.contains("64 million"), "{told}");
    }

    #[test]
    fn a_small_file_that_unpacks_to_a_huge_picture_is_refused() {
        let mut bytes = png(&[]);
        // width and height in the header, and its checksum
        bytes[16..24].copy_from_slice(&[0, 0, 0x3a, 0x98, 0, 0, 0x3a, 0x98]);
        bytes[29..33].copy_from_slice(&0x5176_5ef2_u32.to_be_bytes());
        let told = refused(&bytes);
        assert!(told.contains("64 million"), "{told}");
    }
}
