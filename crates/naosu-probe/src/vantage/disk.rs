//! Whether there is room to store mail.

use std::env;
use std::path::{Path, PathBuf};

use super::platform;
use crate::recorder::Recorder;

/// One megabyte, as the sentences mean it.
const MEGABYTE: u64 = 1_000_000;

/// Below this the storage is full, in megabytes: mail programs cannot write their indexes any more.
const FULL: u64 = 50;

/// Below this it is low, in megabytes.
const LOW: u64 = 500;

/// Records `disk` for the place with the least room: the home, the temporary and the user's data folder.
pub(super) fn record(recorder: &Recorder) {
    let mut pending = recorder.start("disk", "device", &[]);
    let worst = places()
        .into_iter()
        .filter_map(|place| {
            let existing = existing(&place)?;
            // a file system without any room at all is none that files are stored in
            fs4::total_space(existing).ok().filter(|total| *total > 0)?;
            Some((fs4::available_space(existing).ok()? / MEGABYTE, place))
        })
        .min();
    let Some((free, place)) = worst else { return };
    pending.about(place.display().to_string());
    pending.detail("free_mb", free);
    pending.finish(judge(free));
}

fn judge(free: u64) -> &'static str {
    match free {
        free if free < FULL => "full",
        free if free < LOW => "low",
        _ => "enough",
    }
}

fn places() -> Vec<PathBuf> {
    let home = env::home_dir();
    let data = home.as_deref().and_then(platform::user_data);
    [home, Some(env::temp_dir()), data].into_iter().flatten().collect()
}

/// The place itself, or the nearest folder above it that exists.
fn existing(place: &Path) -> Option<&Path> {
    place.ancestors().find(|path| path.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_judged_by_what_mail_needs() {
        assert_eq!([0, 49, 50, 499, 500].map(judge), ["full", "full", "low", "low", "enough"]);
    }

    #[test]
    fn a_place_that_does_not_exist_is_where_it_would_be() {
        assert_eq!(existing(Path::new("/no-such-folder/data")), Some(Path::new("/")));
    }
}
