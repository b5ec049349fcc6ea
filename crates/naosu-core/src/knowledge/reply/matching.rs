//! How well an entry fits a reply.

use std::cmp::Reverse;

use super::{Kind, Match, Reply, Said, Specificity};

/// A pattern shorter than this says too little to stand against another code.
const TELLING: usize = 20;

/// At most that many characters stand between the parts of a pattern with gaps.
const GAP: usize = 60;

/// The longest part of a reply that is looked at, in characters.
const LIMIT: usize = 4000;

/// A reply made ready for matching.
pub(super) struct Heard<'a> {
    said: &'a Said<'a>,
    code: Option<u16>,
    enhanced: Option<[u16; 3]>,
    /// In lower case, spaces joined: once as it came, once without the codes at the beginnings of lines.
    folded: [String; 2],
}

/// How well an entry fits; the greatest wins.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Rank {
    specificity: Specificity,
    own_provider: bool,
    /// In wording the order of the file decides.
    order: Reverse<usize>,
    length: usize,
    enhanced: Fit,
    code: Fit,
    phase: bool,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Fit {
    Differs,
    Unsaid,
    Same,
}

impl Rank {
    pub(super) fn specificity(&self) -> Specificity {
        self.specificity
    }
}

impl<'a> Heard<'a> {
    pub(super) fn new(said: &'a Said<'a>) -> Self {
        let text: String = said.text.chars().take(LIMIT).collect();
        let mut code = said.code;
        let mut enhanced = said.enhanced.and_then(triple);
        let mut bare = String::new();
        for line in text.lines() {
            let (line_code, line_enhanced, rest) = codes(line, said.protocol == super::Protocol::Smtp);
            code = code.or(line_code);
            enhanced = enhanced.or(line_enhanced);
            bare.push_str(rest);
            bare.push(' ');
        }
        Self { said, code, enhanced, folded: [fold(&text), fold(&bare)] }
    }

    /// How well an entry fits, `None` where it does not.
    pub(super) fn rank(&self, kind: Kind, own: bool, index: usize, reply: &Reply) -> Option<Rank> {
        if reply.protocol.is_some_and(|protocol| protocol != self.said.protocol) {
            return None;
        }
        if !reply.phases.is_empty() && !reply.phases.iter().any(|phase| phase == self.said.phase) {
            return None;
        }
        if reply.weak && kind == Kind::Provider && !own {
            return None; // what a provider means by a bare refusal says nothing about others
        }
        let code = fit(self.code.zip(reply.code).map(|(heard, known)| heard == known));
        let enhanced =
            fit(self.enhanced.zip(reply.enhanced.as_deref()).map(|(heard, pattern)| within(heard, pattern)));
        let (specificity, length) = match reply.by {
            Match::Code if code == Fit::Same => (Specificity::Code, 0),
            Match::EnhancedCode if enhanced == Fit::Same && reply.weak => (Specificity::VagueCode, 0),
            Match::EnhancedCode if enhanced == Fit::Same => (Specificity::EnhancedCode, 0),
            Match::Code | Match::EnhancedCode => return None,
            Match::ResponseCode => (Specificity::ResponseCode, self.response_code(reply)?),
            Match::FormatCi | Match::Literal | Match::LiteralCi => match self.longest(reply) {
                Some(length)
                    if self.trusted(reply, own, length, code, enhanced)
                        && (code == Fit::Same
                            || enhanced == Fit::Same
                            || self.telling(kind, own, length)) =>
                {
                    (text_specificity(kind, reply.weak), length)
                }
                _ if enhanced == Fit::Same && self.vendor_code() => (Specificity::EnhancedCode, 0),
                _ => return None,
            },
        };
        let order = Reverse(if kind == Kind::Wording { index } else { 0 });
        let phase = reply.phase.as_deref().is_some_and(|phase| phase == self.said.phase);
        Some(Rank { specificity, own_provider: own, order, length, enhanced, code, phase })
    }

    /// Whether the text alone is enough although a code is missing or another.
    fn trusted(&self, reply: &Reply, own: bool, length: usize, code: Fit, enhanced: Fit) -> bool {
        if length >= TELLING {
            return true;
        }
        let same_class = self.code.zip(reply.code).is_some_and(|(a, b)| a / 100 == b / 100);
        let code_fits = code != Fit::Differs || same_class;
        let enhanced_fits = match enhanced {
            Fit::Same => true,
            Fit::Differs => false,
            Fit::Unsaid => reply.enhanced.is_none() || own,
        };
        code_fits && enhanced_fits
    }

    /// Whether a text of one program or provider is more than a few words within a sentence that anybody could say:
    /// it is long, or most of what was said. (A code that fits as well says enough.)
    fn telling(&self, kind: Kind, own: bool, length: usize) -> bool {
        match kind {
            Kind::Wording | Kind::Standard | Kind::Any => true,
            Kind::Provider | Kind::Software => {
                own || length >= TELLING || length * 3 >= words(&self.folded[1]).chars().count() * 2
            }
        }
    }

    /// Details of three digits are a provider's own and mean the same in any words.
    fn vendor_code(&self) -> bool {
        self.enhanced.is_some_and(|[_, _, detail]| detail >= 100)
    }

    /// The length of the longest pattern that is found.
    fn longest(&self, reply: &Reply) -> Option<usize> {
        reply.patterns().filter_map(|pattern| self.found(reply.by, pattern)).max()
    }

    fn found(&self, by: Match, pattern: &str) -> Option<usize> {
        let length = pattern.chars().count();
        match by {
            Match::Literal => self.said.text.contains(pattern).then_some(length),
            Match::LiteralCi => {
                let pattern = fold(pattern);
                self.folded.iter().any(|text| text.contains(&pattern)).then_some(length)
            }
            _ => {
                let parts = parts(pattern);
                let found = self.folded.iter().any(|text| in_order(text, &parts));
                found.then(|| parts.iter().map(|part| part.chars().count()).sum())
            }
        }
    }

    fn response_code(&self, reply: &Reply) -> Option<usize> {
        let inside = self.folded[0].split_once('[')?.1.split_once(']')?.0;
        let name = inside.split(' ').next()?;
        reply.patterns().find(|pattern| pattern.eq_ignore_ascii_case(name)).map(str::len)
    }
}

/// What a reply says in words: without the status and the response code before them.
fn words(reply: &str) -> &str {
    let reply = reply.trim();
    let reply =
        ["no ", "bad ", "-err "].iter().find_map(|status| reply.strip_prefix(status)).unwrap_or(reply);
    match reply.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, words)) => words.trim(),
        None => reply,
    }
}

fn text_specificity(kind: Kind, weak: bool) -> Specificity {
    match (kind, weak) {
        (Kind::Wording, false) => Specificity::Wording,
        (Kind::Wording, true) => Specificity::VagueWording,
        (_, false) => Specificity::Text,
        (_, true) => Specificity::VagueText,
    }
}

fn fit(same: Option<bool>) -> Fit {
    match same {
        None => Fit::Unsaid,
        Some(true) => Fit::Same,
        Some(false) => Fit::Differs,
    }
}

/// Lower case, runs of white space as one space.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            space = true;
            continue;
        }
        if space && !folded.is_empty() {
            folded.push(' ');
        }
        space = false;
        folded.extend(c.to_lowercase());
    }
    folded
}

/// The reply code and the enhanced code at the beginning of a line, and what follows.
fn codes(line: &str, smtp: bool) -> (Option<u16>, Option<[u16; 3]>, &str) {
    let mut rest = line.trim_start();
    let mut code = None;
    if smtp
        && let Some(digits) = rest.get(..3)
        && rest.as_bytes().get(3).is_none_or(|next| matches!(next, b' ' | b'-'))
        && let Ok(number) = digits.parse::<u16>()
        && (200..600).contains(&number)
    {
        code = Some(number);
        rest = rest.get(4..).unwrap_or("").trim_start();
    }
    let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
    match triple(word.trim_start_matches('#').trim_end_matches(':')) {
        Some(enhanced) if (2..=5).contains(&enhanced[0]) => (code, Some(enhanced), after),
        _ => (code, None, rest),
    }
}

fn triple(text: &str) -> Option<[u16; 3]> {
    let mut numbers = text.split('.').map(str::parse::<u16>);
    let triple = [numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?];
    numbers.next().is_none().then_some(triple)
}

/// Whether an enhanced code is meant by a pattern: a code, `X.…` for any class, or a range of details.
fn within(heard: [u16; 3], pattern: &str) -> bool {
    if let Some((from, to)) = pattern.split_once('-') {
        return triple(from).zip(triple(to)).is_some_and(|(from, to)| (from..=to).contains(&heard));
    }
    if let Some(rest) = pattern.strip_prefix("X.") {
        let wanted = format!("{}.{}", heard[1], heard[2]);
        return rest == wanted;
    }
    triple(pattern) == Some(heard)
}

/// The fixed parts of a pattern with `%s` and `%d` in it.
fn parts(pattern: &str) -> Vec<String> {
    let pattern = pattern.replace("%%", "\u{0}").replace("%d", "%s");
    pattern
        .split("%s")
        .map(|part| fold(&part.replace('\u{0}', "%")))
        .filter(|part| !part.is_empty())
        .collect()
}

/// Whether the parts follow each other in the text with small gaps.
fn in_order(text: &str, parts: &[String]) -> bool {
    let Some((first, rest)) = parts.split_first() else { return false };
    text.match_indices(first.as_str()).take(50).any(|(at, _)| {
        let mut end = at + first.len();
        rest.iter().all(|part| match text[end..].find(part.as_str()) {
            Some(gap) if gap <= GAP => {
                end += gap + part.len();
                true
            }
            _ => false,
        })
    })
}
