//! The support package: what provider or Apple support asks for, as a page to read and a ZIP with the same and the data
//! behind it.
//!
//! What is in it was masked before: [`Package::new`] takes secrets and addresses out, and everything after it (page,
//! letters, preview, JSON) sees only what is left.

use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use naosu_core::case::{Event, What};
use naosu_core::evidence::{Evidence, Request};
use naosu_core::knowledge::{Knowledge, Lang};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::picture::Bare;
use crate::{mask, pick};

mod content;
mod letter;
mod page;

pub use self::content::{Row, Section};
pub use self::letter::Letter;

/// The version of the package's JSON.
pub const SCHEMA: &str = "naosu.package/1";

/// What is given for a package beside the case.
#[derive(Default)]
pub struct Given {
    /// The system on the device with the trouble.
    pub os: Option<String>,
    /// The device's serial number.
    pub serial: Option<String>,
    /// Screenshots, encoded anew.
    pub pictures: Vec<Bare>,
    /// Whether addresses and names stay readable.
    pub keep_addresses: bool,
}

/// Everything that goes into a package, without what must not.
pub struct Package {
    /// The number of the case.
    pub id: i64,
    /// What happened, masked.
    pub events: Vec<Event>,
    /// The same as JSON.
    pub json: Value,
    /// The system on the device with the trouble, where it was given.
    pub os: Option<String>,
    /// The device's serial number, where it was given.
    pub serial: Option<String>,
    /// The screenshots.
    pub pictures: Vec<Bare>,
    /// Whether addresses and names are readable.
    pub kept: bool,
    /// In how many texts something was masked.
    pub masked: usize,
    /// The language of the page.
    pub lang: Lang,
}

impl Package {
    /// Takes everything together, and what must not be in it out.
    ///
    /// # Errors
    /// When the events cannot be written as JSON, which is a mistake of ours.
    pub fn new(id: i64, events: &[Event], given: Given, lang: Lang) -> Result<Self> {
        let mut json = serde_json::to_value(events).context("write the events as JSON")?;
        // how it was called can name files and folders of the person's
        for event in json.as_array_mut().into_iter().flatten() {
            if let Some(opening) = event.pointer_mut("/what/opened").and_then(Value::as_object_mut) {
                opening.remove("check");
            }
        }
        let masked = if given.keep_addresses {
            mask::secrets(&mut json)
        } else {
            mask::value(&mut json, &names(events))
        };
        let events = serde_json::from_value(json.clone()).context("read the events again")?;
        let Given { os, serial, pictures, keep_addresses: kept } = given;
        Ok(Self { id, events, json, os, serial, pictures, kept, masked, lang })
    }

    /// What it says, part by part; page and preview show the same.
    pub fn sections(&self, knowledge: &Knowledge) -> Vec<Section> {
        content::sections(knowledge, self)
    }

    /// The ready letters to support, the person's own language first.
    pub fn letters(&self, knowledge: &Knowledge) -> Vec<Letter> {
        letter::letters(knowledge, self)
    }

    /// The page as HTML: one file, nothing loaded from elsewhere, no script; everything from outside is escaped.
    pub fn page(&self, knowledge: &Knowledge) -> String {
        page::page(knowledge, self)
    }

    /// The ZIP: the page, the letters, the pictures and the data. No name in it comes from outside.
    ///
    /// # Errors
    /// When it cannot be written in memory, which is a mistake of ours.
    pub fn zip(&self, knowledge: &Knowledge) -> Result<Vec<u8>> {
        zipped(knowledge, self, &self.page(knowledge))
    }

    /// What was asked for in the first place, and what only the measurement was told.
    fn request(&self) -> Request {
        let mut request = match self.events.first().map(|event| &event.what) {
            Some(What::Opened(opening)) => opening.request.clone(),
            _ => Request::default(),
        };
        if let Some(evidence) = self.measured() {
            let later = &evidence.request;
            for (place, value) in [
                (&mut request.address, &later.address),
                (&mut request.words, &later.words),
                (&mut request.service, &later.service),
                (&mut request.device, &later.device),
                (&mut request.client, &later.client),
                (&mut request.user, &later.user),
            ] {
                if place.is_none() {
                    place.clone_from(value);
                }
            }
        }
        request
    }

    /// What was measured last.
    pub fn measured(&self) -> Option<&Evidence> {
        self.events.iter().rev().find_map(|event| match &event.what {
            What::Measured(evidence) => Some(&**evidence),
            _ => None,
        })
    }

    /// The events that were taken back later, by their places.
    fn taken_back(&self) -> Vec<usize> {
        let of = |event: &Event| match event.what {
            What::Retracted { index } => Some(index),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }
}

/// Words that say who it is: the names to sign in with, and what is before the @ of the addresses.
fn names(events: &[Event]) -> Vec<String> {
    // whose mailbox `info@` is, `info` does not tell; and server names are made of these words
    const OF_ROLES: [&str; 9] = ["mail", "imap", "pop", "pop3", "smtp", "www", "info", "admin", "support"];
    let mut names = Vec::new();
    for event in events {
        let request = match &event.what {
            What::Opened(opening) => &opening.request,
            What::Measured(evidence) => &evidence.request,
            _ => continue,
        };
        names.extend(request.user.clone());
        for address in [&request.address, &request.user].into_iter().flatten() {
            names.extend(address.rsplit_once('@').map(|(local, _)| local.to_owned()));
        }
    }
    names.retain(|name| !OF_ROLES.contains(&name.to_ascii_lowercase().as_str()));
    // the longest first, so that a part does not hide the whole
    names.sort_by_key(|name| (std::cmp::Reverse(name.len()), name.clone()));
    names.dedup();
    names
}

/// The page, the letters, the pictures and the data. No name in it comes from outside.
fn zipped(knowledge: &Knowledge, package: &Package, html: &str) -> Result<Vec<u8>> {
    let pretty = |value: &Value| -> Result<Vec<u8>> {
        let text = serde_json::to_string_pretty(value).context("write the package as JSON")?;
        Ok((text + "\n").into_bytes())
    };
    let pictures: Vec<String> = package
        .pictures
        .iter()
        .enumerate()
        .map(|(index, picture)| format!("screenshot-{}.{}", index + 1, picture.extension))
        .collect();
    let case = json!({
        "schema": SCHEMA, "case": package.id, "addresses_kept": package.kept, "os": package.os,
        "serial": package.serial, "screenshots": pictures, "events": package.json,
    });
    let mut files = vec![("index.html".to_owned(), html.as_bytes().to_vec())];
    files.push(("case.json".to_owned(), pretty(&case)?));
    if let Some(evidence) = package.measured() {
        let evidence = serde_json::to_value(evidence).context("write the evidence as JSON")?;
        files.push(("evidence.json".to_owned(), pretty(&evidence)?));
    }
    for letter in letter::letters(knowledge, package) {
        files.push((format!("letter.{}.txt", pick(letter.lang, "en", "ja")), letter.text.into_bytes()));
    }
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, bytes: &[u8]| -> Result<()> {
        writer.start_file(name, SimpleFileOptions::default()).context("write the ZIP")?;
        writer.write_all(bytes).context("write the ZIP")
    };
    for (name, bytes) in &files {
        add(name, bytes)?;
    }
    for (name, picture) in pictures.iter().zip(&package.pictures) {
        add(name, &picture.bytes)?;
    }
    Ok(writer.finish().context("write the ZIP")?.into_inner())
}
