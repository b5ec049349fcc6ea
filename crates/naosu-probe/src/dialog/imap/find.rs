//! Looking for one message in the folders of a mailbox until it is there.

use std::time::Duration;

use serde_json::json;

use super::parse::{self, Folder};
use super::{Command, Imap};
use crate::recorder::tame_text;

/// The first pause between two looks; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// In how many folders besides the inbox and junk is looked.
const FURTHER_FOLDERS: usize = 12;

/// What is looked for, and where.
pub(super) struct Find {
    message_id: String,
    /// How much longer is looked.
    patience: Duration,
    pause: Duration,
    /// The folders in the order they are looked into.
    places: Vec<Place>,
    /// Which of them the next answers are about.
    current: usize,
    found: Option<usize>,
}

struct Place {
    /// `inbox`, `junk` or `elsewhere`.
    kind: &'static str,
    raw: Vec<u8>,
    name: String,
}

impl Find {
    pub(super) fn new(message_id: &str, patience: Duration) -> Self {
        // A message id of our own has no quotes; an inner quote would end the string.
        let message_id = message_id.replace(['"', '\\', '\r', '\n'], "");
        Self { message_id, patience, pause: FIRST_PAUSE, places: Vec::new(), current: 0, found: None }
    }

    /// The folders are known. What we sent ourselves lies in some of them and has not arrived there.
    pub(super) fn folders(&mut self, folders: &[Folder]) {
        let place = |kind, folder: &Folder| Place { kind, raw: folder.raw.clone(), name: folder.name() };
        self.places = vec![Place { kind: "inbox", raw: b"INBOX".to_vec(), name: "INBOX".to_owned() }];
        let junk = parse::junk(folders);
        self.places.extend(junk.map(|folder| place("junk", folder)));
        let ours = |folder: &&Folder| {
            let flag = |flag: &String| matches!(flag.as_str(), "\\SENT" | "\\DRAFTS" | "\\ALL" | "\\FLAGGED");
            let name = folder.name().to_lowercase();
            folder.flags.iter().any(flag)
                || ["sent", "draft", "outbox", "送信", "下書き"].iter().any(|word| name.contains(word))
        };
        let further = folders
            .iter()
            .filter(|folder| folder.selectable() && !folder.raw.eq_ignore_ascii_case(b"INBOX"))
            .filter(|folder| Some(*folder) != junk && !ours(folder))
            .take(FURTHER_FOLDERS);
        self.places.extend(further.map(|folder| place("elsewhere", folder)));
    }

    /// An untagged `SEARCH` with numbers.
    pub(super) fn hit(&mut self) {
        self.found.get_or_insert(self.current);
    }
}

impl Imap<'_> {
    /// One look into every folder, in one piece.
    pub(super) fn look(&mut self) {
        let Some(find) = &mut self.find else { return };
        find.current = 0;
        let message_id = find.message_id.clone();
        let places: Vec<Vec<u8>> = find.places.iter().map(|place| parse::string(&place.raw)).collect();
        for place in places {
            let mut line = format!("{} EXAMINE ", self.tag(Command::Open)).into_bytes();
            line.extend(place);
            line.extend(b"\r\n");
            self.talk.write(line);
            self.command(Command::Search, &format!("SEARCH HEADER Message-ID \"{message_id}\""));
        }
    }

    /// The folder is searched; the next answers are about the next one.
    pub(super) fn searched(&mut self) {
        if let Some(find) = &mut self.find {
            find.current += 1;
        }
    }

    /// All folders are searched.
    pub(super) fn looked(&mut self) {
        let Some(find) = &mut self.find else { return };
        let place = find.found.and_then(|index| find.places.get(index));
        if let Some(place) = place {
            let (kind, name) = (place.kind, tame_text(&place.name));
            self.talk.detail("found", json!(kind));
            self.talk.detail("folder", json!(name));
            self.finish("ok", None);
        } else if find.patience.is_zero() {
            self.finish("ok", None);
        } else {
            let pause = find.pause.min(find.patience);
            find.patience -= pause;
            find.pause = (find.pause * 2).min(LONGEST_PAUSE);
            self.talk.pause(pause);
            self.look();
        }
    }
}
