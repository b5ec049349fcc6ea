//! SNTP packets (RFC 4330, RFC 5905 section 7.3) as bytes; no sockets and no clock here.

use std::time::Duration;

/// The length of a packet without extensions, in bytes.
pub const LENGTH: usize = 48;

/// Seconds from 1900 (NTP) to 1970 (Unix).
const EPOCH: i128 = 2_208_988_800;

/// Seconds of one NTP era.
const ERA: i128 = 1 << 32;

/// Stratum of a server that is not synchronised.
const UNSYNCHRONISED: u8 = 16;

/// The largest distance to the reference that makes an answer worth anything (RFC 5905: MAXDISP).
const DISPERSION_LIMIT: Duration = Duration::from_secs(16);

/// A moment in nanoseconds since 1970.
pub type Moment = i128;

/// What a packet from a time server is.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// The time.
    Time(Time),
    /// The server asks not to be asked: the kiss code, as `RATE`.
    Kiss(String),
    /// Not usable, and why.
    Bad(&'static str),
}

/// The time as a server gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    /// When the server received the question.
    pub received: Moment,
    /// When the server sent the answer.
    pub sent: Moment,
    /// How far the server is from its reference: 1 is a reference clock itself.
    pub stratum: u8,
    /// How wrong the server itself may be: half its round trip to the reference, and its dispersion.
    pub distance: Duration,
}

/// How far a clock is off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// What must be added to the device's clock, in seconds.
    pub seconds: f64,
    /// How wrong that may be, in seconds.
    pub uncertainty: f64,
}

/// A question: client mode, version 4. `nonce` stands in place of the time, which nobody needs to know.
pub fn question(nonce: u64) -> [u8; LENGTH] {
    let mut packet = [0; LENGTH];
    packet[0] = 0b00_100_011;
    packet[40..].copy_from_slice(&nonce.to_be_bytes());
    packet
}

/// Reads the answer to the question with that nonce.
pub fn read(packet: &[u8], nonce: u64) -> Reading {
    let Some(packet) = packet.first_chunk::<LENGTH>() else { return Reading::Bad("too short") };
    let (leap, version, mode) = (packet[0] >> 6, packet[0] >> 3 & 7, packet[0] & 7);
    let stratum = packet[1];
    if mode != 4 || !(1..=4).contains(&version) {
        return Reading::Bad("not from a server");
    }
    if word(packet, 24) != nonce {
        return Reading::Bad("not to this question");
    }
    if stratum == 0 {
        let code = &packet[12..16];
        let letters = code.iter().take_while(|byte| byte.is_ascii_graphic()).count();
        return match code[..letters] {
            [] => Reading::Bad("not synchronised"),
            _ => Reading::Kiss(String::from_utf8_lossy(&code[..letters]).into_owned()),
        };
    }
    if leap == 3 || stratum >= UNSYNCHRONISED {
        return Reading::Bad("not synchronised");
    }
    let (received, sent) = (word(packet, 32), word(packet, 40));
    if received == 0 || sent == 0 {
        return Reading::Bad("without a time");
    }
    let (received, sent) = (moment(received), moment(sent));
    let distance = short(packet, 4) / 2 + short(packet, 8);
    if sent < received || distance >= DISPERSION_LIMIT {
        return Reading::Bad("a time that cannot be");
    }
    Reading::Time(Time { received, sent, stratum, distance })
}

/// The offset of a clock that asked at `asked` (by that clock) and had the answer after `round_trip`.
pub fn offset(time: &Time, asked: Moment, round_trip: Duration) -> Offset {
    let answered = asked + nanoseconds(round_trip);
    let doubled = (time.received - asked) + (time.sent - answered);
    let on_the_way = (nanoseconds(round_trip) - (time.sent - time.received)).max(0);
    Offset {
        seconds: seconds(doubled) / 2.0,
        uncertainty: seconds(on_the_way) / 2.0 + time.distance.as_secs_f64(),
    }
}

/// Nanoseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "far finer than the clocks are")]
pub fn seconds(nanoseconds: i128) -> f64 {
    nanoseconds as f64 / 1e9
}

/// A duration in nanoseconds.
pub fn nanoseconds(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

fn word(packet: &[u8; LENGTH], at: usize) -> u64 {
    let bytes = packet[at..at + 8].try_into().expect("eight bytes are eight bytes");
    u64::from_be_bytes(bytes)
}

/// A short-format value (16.16 bits).
fn short(packet: &[u8; LENGTH], at: usize) -> Duration {
    let bytes = packet[at..at + 4].try_into().expect("four bytes are four bytes");
    Duration::from_nanos((u64::from(u32::from_be_bytes(bytes)) * 1_000_000_000) >> 16)
}

/// A timestamp of the era 1968 to 2036 when its first bit is set, of the next one otherwise (RFC 4330 section 3).
fn moment(timestamp: u64) -> Moment {
    let (whole, fraction) = (i128::from(timestamp >> 32), i128::from(timestamp & 0xffff_ffff));
    let whole = if timestamp >> 63 == 1 { whole } else { whole + ERA };
    (whole - EPOCH) * 1_000_000_000 + ((fraction * 1_000_000_000) >> 32)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    const NONCE: u64 = 0x0123_4567_89ab_cdef;

    fn answer(received: u64, sent: u64) -> [u8; LENGTH] {
        let mut packet = [0; LENGTH];
        packet[0] = 0b00_100_100;
        packet[1] = 2;
        packet[4..8].copy_from_slice(&0x0000_8000_u32.to_be_bytes());
        packet[8..12].copy_from_slice(&0x0000_4000_u32.to_be_bytes());
        packet[24..32].copy_from_slice(&NONCE.to_be_bytes());
        packet[32..40].copy_from_slice(&received.to_be_bytes());
        packet[40..48].copy_from_slice(&sent.to_be_bytes());
        packet
    }

    #[test]
    fn a_question_says_version_mode_and_nonce_and_nothing_else() {
        let packet = question(NONCE);
        assert_eq!(packet[0], 0x23);
        assert!(packet[1..40].iter().all(|byte| *byte == 0));
        assert_eq!(packet[40..], NONCE.to_be_bytes());
    }

    #[test]
    fn offset_and_uncertainty_follow_from_four_times() {
        // 2026-01-01T00:00:00Z is 3976214400 s after 1900; the server took half a second
        let base = 3_976_214_400_u64 << 32;
        let Reading::Time(time) = read(&answer(base, base | 0x8000_0000), NONCE) else { panic!() };
        assert_eq!(time.received, 1_767_225_600_000_000_000);
        assert_eq!(time.distance, Duration::from_millis(500));
        // this device is an hour behind; 0.1 s on the way there and back each
        let asked = 1_767_225_600_000_000_000 - 3_600_000_000_000 - 100_000_000;
        let offset = offset(&time, asked, Duration::from_millis(700));
        assert!((offset.seconds - 3600.0).abs() < 1e-6, "{offset:?}");
        assert!((offset.uncertainty - 0.6).abs() < 1e-6, "{offset:?}");
    }

    #[test]
    fn the_next_era_begins_in_2036() {
        assert_eq!(moment(0), 2_085_978_496_000_000_000);
        assert_eq!(moment(1 << 63), (i128::from(1_u64 << 31) - EPOCH) * 1_000_000_000);
    }

    #[test]
    fn unusable_answers_are_told_apart() {
        let good = answer(5 << 32, 6 << 32);
        assert!(matches!(read(&good, NONCE), Reading::Time(_)));
        let with = |at: usize, value: u8| {
            let mut packet = good;
            packet[at] = value;
            read(&packet, NONCE)
        };
        assert_eq!(read(&good[..47], NONCE), Reading::Bad("too short"));
        assert_eq!(read(&good, 1), Reading::Bad("not to this question"));
        assert_eq!(with(0, 0x23), Reading::Bad("not from a server"));
        assert_eq!(with(0, 0b11_100_100), Reading::Bad("not synchronised"));
        assert_eq!(with(1, 16), Reading::Bad("not synchronised"));
        assert_eq!(with(1, 0), Reading::Bad("not synchronised"));
        assert_eq!(with(4, 0xff), Reading::Bad("a time that cannot be"));
        assert_eq!(read(&answer(6 << 32, 5 << 32), NONCE), Reading::Bad("a time that cannot be"));
        assert_eq!(read(&answer(0, 5 << 32), NONCE), Reading::Bad("without a time"));
        let mut kiss = good;
        kiss[0] = 0b11_100_100;
        kiss[1] = 0;
        kiss[12..16].copy_from_slice(b"RATE");
        assert_eq!(read(&kiss, NONCE), Reading::Kiss("RATE".to_owned()));
        assert_eq!(read(&kiss, 2), Reading::Bad("not to this question"), "a forged kiss stops nobody");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut random = rand::rng();
        for _ in 0..50_000 {
            let mut bytes: Vec<u8> = (0..random.random_range(0..80)).map(|_| random.random()).collect();
            if bytes.len() >= LENGTH {
                bytes[24..32].copy_from_slice(&NONCE.to_be_bytes());
                bytes[0] = bytes[0] & 0xf8 | 4;
            }
            if let Reading::Time(time) = read(&bytes, NONCE) {
                let offset = offset(&time, random.random(), Duration::from_millis(random.random_range(0..9)));
                assert!(offset.uncertainty >= 0.0);
            }
        }
    }
}
