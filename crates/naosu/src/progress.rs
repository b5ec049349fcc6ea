//! What is being measured right now, on a terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use naosu_core::knowledge::Lang;
use naosu_probe::recorder::Event;

use crate::language::pick;
use crate::render::page::tame;

/// A line on stderr that says what is being measured; nothing when stderr is not a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    names: BTreeMap<String, String>,
    running: Mutex<Vec<(&'static str, String)>>,
}

impl Progress {
    /// Starts; `names` are the variables' names in the person's language.
    pub(crate) fn start(names: BTreeMap<String, String>, lang: Lang) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.set_draw_target(if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        });
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_message(pick(lang, "measuring", "調べています"));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, names, running: Mutex::default() }
    }

    /// Takes an event of the run.
    pub(crate) fn on(&self, event: &Event) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { variable, subject } => running.push((variable, subject.clone())),
            Event::Finished(done) => {
                if let Some(index) =
                    running.iter().position(|(v, s)| *v == done.variable && *s == done.subject)
                {
                    running.remove(index);
                }
            }
        }
        if let Some((variable, subject)) = running.last() {
            let name = self.names.get(*variable).map_or(*variable, String::as_str);
            self.bar.set_message(format!("{name}  {}", tame(subject)));
        }
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
