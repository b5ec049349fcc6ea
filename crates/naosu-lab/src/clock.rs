//! The world's true time, from which this device's clock may differ.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The world's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorldClock {
    device_ahead_seconds: i64,
}

impl WorldClock {
    /// A world whose time this device's clock is ahead of by so many seconds.
    pub(crate) fn new(device_ahead_seconds: i64) -> Self {
        Self { device_ahead_seconds }
    }

    /// The world's time now; never before 1970.
    pub(crate) fn now(self) -> SystemTime {
        shifted(SystemTime::now(), -self.device_ahead_seconds)
    }

    /// The world's time now as in an HTTP `Date` header (RFC 9110 5.6.7).
    pub(crate) fn http_date(self) -> String {
        let since = self.now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_secs())
            .ok()
            .and_then(|second| jiff::Timestamp::from_second(second).ok())
            .and_then(|now| jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok())
            .unwrap_or_default()
    }
}

/// A time so many seconds later, or earlier when negative; never before 1970.
pub(crate) fn shifted(time: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 { time.checked_sub(by) } else { time.checked_add(by) };
    moved.filter(|moved| *moved > UNIX_EPOCH).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_is_behind_a_device_that_is_ahead() {
        let lag = SystemTime::now().duration_since(WorldClock::new(3_600).now()).unwrap();
        assert!(lag >= Duration::from_secs(3_599) && lag < Duration::from_secs(3_700));
        assert!(WorldClock::new(0).http_date().ends_with(" GMT"));
    }
}
