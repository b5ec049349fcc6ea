//! A time server (RFC 5905, client and server mode only).

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::WorldClock;
use crate::fault::{Ntp, NtpBehaviour};
use crate::gate::UdpGate;
use crate::server::hostile::garbage;

/// Seconds from 1900 to 1970.
const ERA: u64 = 2_208_988_800;

/// Serves until dropped.
pub(crate) async fn run(gate: UdpGate, ntp: Ntp, clock: WorldClock) {
    let ntp = Arc::new(ntp);
    gate.run(move |request| {
        let ntp = Arc::clone(&ntp);
        async move {
            if ntp.delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(ntp.delay_ms)).await;
            }
            answer(&request, &ntp, clock.now())
        }
    })
    .await;
}

/// The answer to a client's packet; none for what is not one.
fn answer(request: &[u8], ntp: &Ntp, now: SystemTime) -> Option<Vec<u8>> {
    let transmit = request.get(40..48)?;
    // Mode 3, client.
    if request[0] & 7 != 3 {
        return None;
    }
    if ntp.behaviour == NtpBehaviour::Garbage {
        return Some(garbage(48, 48));
    }
    let version = request[0] & 0b0011_1000;
    let now = timestamp(now, ntp.ahead_seconds);
    let mut packet = vec![0; 48];
    packet[0] = version | 4;
    packet[1] = 2;
    packet[2] = request[2];
    packet[3] = 0xec;
    packet[4..8].copy_from_slice(&[0, 0, 1, 0]);
    packet[8..12].copy_from_slice(&[0, 0, 2, 0]);
    packet[12..16].copy_from_slice(&[192, 0, 2, 123]);
    packet[16..24].copy_from_slice(&now);
    packet[24..32].copy_from_slice(transmit);
    packet[32..40].copy_from_slice(&now);
    packet[40..48].copy_from_slice(&now);
    match ntp.behaviour {
        NtpBehaviour::Answer | NtpBehaviour::Garbage => {}
        NtpBehaviour::KissDeny => kiss(&mut packet, *b"DENY"),
        NtpBehaviour::KissRate => kiss(&mut packet, *b"RATE"),
        NtpBehaviour::WrongOrigin => packet[24..32].copy_from_slice(&garbage(24, 8)),
        NtpBehaviour::Short => packet.truncate(20),
        NtpBehaviour::Unsynchronised => {
            packet[0] |= 0b1100_0000;
            packet[1] = 16;
        }
    }
    Some(packet)
}

fn kiss(packet: &mut [u8], code: [u8; 4]) {
    packet[0] |= 0b1100_0000;
    packet[1] = 0;
    packet[12..16].copy_from_slice(&code);
}

/// The 64-bit NTP timestamp of a time moved by so many seconds; wraps in 2036 as the format does.
fn timestamp(time: SystemTime, ahead_seconds: f64) -> [u8; 8] {
    let ahead = Duration::try_from_secs_f64(ahead_seconds.abs()).unwrap_or(Duration::ZERO);
    let time = if ahead_seconds < 0.0 { time.checked_sub(ahead) } else { time.checked_add(ahead) };
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or(Duration::ZERO);
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    (((since.as_secs() + ERA) << 32) | fraction).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Vec<u8> {
        let mut packet = vec![0; 48];
        packet[0] = 0b0010_0011;
        packet[40..48].copy_from_slice(b"8 bytes!");
        packet
    }

    #[test]
    fn answers_with_the_time_and_the_origin() {
        let packet = answer(&request(), &Ntp::default(), UNIX_EPOCH + Duration::from_millis(1_500)).unwrap();
        assert_eq!(packet[0], 0b0010_0100);
        assert_eq!(&packet[24..32], b"8 bytes!");
        let seconds = u32::from_be_bytes(packet[40..44].try_into().unwrap());
        assert_eq!(u64::from(seconds), ERA + 1);
        assert_eq!(packet[44], 0x80);
    }

    #[test]
    fn is_as_wrong_as_it_is_told() {
        let ahead = Ntp { ahead_seconds: -90.0, ..Ntp::default() };
        let packet = answer(&request(), &ahead, UNIX_EPOCH + Duration::from_secs(100)).unwrap();
        assert_eq!(u64::from(u32::from_be_bytes(packet[40..44].try_into().unwrap())), ERA + 10);
        let deny = Ntp { behaviour: NtpBehaviour::KissDeny, ..Ntp::default() };
        let packet = answer(&request(), &deny, UNIX_EPOCH).unwrap();
        assert_eq!((packet[1], &packet[12..16]), (0, b"DENY".as_slice()));
    }

    #[test]
    fn what_is_no_request_gets_no_answer() {
        assert_eq!(answer(b"short", &Ntp::default(), UNIX_EPOCH), None);
        assert_eq!(answer(&[0; 48], &Ntp::default(), UNIX_EPOCH), None);
    }
}
