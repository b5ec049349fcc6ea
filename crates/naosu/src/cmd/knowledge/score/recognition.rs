//! How often words are recognised rightly, and whether the probabilities that are said are right.

use std::collections::BTreeMap;
use std::fmt::Write;

use naosu_core::intake::{AskLine, Complaint, Scored, Taught, ask_line, ask_line_with};
use naosu_core::knowledge::Lang;

use super::corpus::{Corpora, Origin};
use crate::language::pick;
use crate::render::page::padded;

/// Bins of the calibration table.
const BINS: usize = 5;

/// The recognition of every complaint beside what was meant, by knowledge that has not learned from it.
pub(super) fn told(corpora: &Corpora<'_>, lang: Lang) -> String {
    let nothing = Taught::default();
    let mut out = pick(
        lang,
        "Words                                      symptom          cause           service device client\n                                           rows first two   rows first three\n",
        "言葉                                       症状             原因            サービス 端末 ソフト\n                                           件数 1位 2位内   件数 1位 3位内\n",
    )
    .to_owned();
    let (mut without, mut with) = (<[Rank; 2]>::default(), <[Rank; 2]>::default());
    let (mut seen, mut unseen) = (Calibration::default(), Calibration::default());
    for corpus in &corpora.all {
        let mut figures = Figures::default();
        for (complaint, knowledge) in corpora.unseen(corpus) {
            let found = ask_line(knowledge, "", &complaint.text);
            figures.count(&found, complaint);
            let calibration = if corpus.origin == Origin::Tuned { &mut seen } else { &mut unseen };
            calibration.count("symptom", &found.symptom, &complaint.symptom);
            if complaint.cause != "unknown" {
                calibration.count("cause", &found.cause, &complaint.cause);
            }
            let plain = ask_line_with(knowledge, &nothing, "", &complaint.text);
            with[0].count(&found.symptom, &complaint.symptom);
            without[0].count(&plain.symptom, &complaint.symptom);
            if complaint.cause != "unknown" {
                with[1].count(&found.cause, &complaint.cause);
                without[1].count(&plain.cause, &complaint.cause);
            }
        }
        out.push_str(&figures.line(&corpus.name, corpus.origin, lang));
    }
    out.push_str(pick(
        lang,
        "What is learned from words was learned without the quarter being recognised. \"Tuned on\": the phrases, and written\ncomplaints like them, were made with these texts in sight, so new texts score lower (see \"when first seen\"); \"written\": by the\nproject, to learn words from.\n",
        "語の学習は、判定する4分の1を除いて行っています(4分割の交差検証)。「調整に使用」: 言い回しと、似た学習用の文は、\nこの文を見ながら作成したものです。初めての文での成績はこれより低くなります(下の「初見時」)。「学習用」: 語を学ぶために作成した文です。\n",
    ));
    // writing to a String cannot fail
    let _ = writeln!(
        out,
        "{}: {} / {} → {} / {}; {} / {} → {} / {}",
        pick(
            lang,
            "Learned words, over all rows, without → with (cross-validated), symptom first / in two; cause first / in three",
            "語の学習(全件)、なし → あり(交差検証)、症状の1位/2位以内; 原因の1位/3位以内",
        ),
        without[0].percent(1),
        without[0].percent(2),
        with[0].percent(1),
        with[0].percent(2),
        without[1].percent(1),
        without[1].percent(3),
        with[1].percent(1),
        with[1].percent(3),
    );
    for (calibration, name) in
        [(seen, pick(lang, "tuned on", "調整に使用")), (unseen, pick(lang, "the others", "そのほか"))]
    {
        if !calibration.0.is_empty() {
            let _ = write!(out, "\n{name}: {}", calibration.show(lang));
        }
    }
    out
}

/// The figures of the day when each part of the corpus was recognised for the first time, before anything was done with it:
/// name, rows, symptom first and in two, rows with a cause, cause first and in three.
pub(super) fn first_seen(text: &str, lang: Lang) -> String {
    let mut out = pick(
        lang,
        "\nWhen first seen, before anything was done with them (the knowledge of that day)\n",
        "\n初見時(何にも使わないうちに、その日の知識で一度だけ判定した成績)\n",
    )
    .to_owned();
    let mut sums = [0_usize; 6];
    for line in text.lines() {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap_or_default();
        let numbers: Vec<usize> = fields.filter_map(|field| field.parse().ok()).collect();
        let [rows, first, two, causes, cause, three] = numbers[..] else { continue };
        for (sum, number) in
            sums.iter_mut().zip([rows, first * rows, two * rows, causes, cause * causes, three * causes])
        {
            *sum += number;
        }
        out.push_str(&first_seen_line(name, [rows, first, two, causes, cause, three]));
    }
    let [rows, first, two, causes, cause, three] = sums;
    let share = |sum: usize, rows: usize| (sum + rows / 2).checked_div(rows).unwrap_or(0);
    out.push_str(&first_seen_line(
        pick(lang, "all", "合計"),
        [rows, share(first, rows), share(two, rows), causes, share(cause, causes), share(three, causes)],
    ));
    out
}

fn first_seen_line(name: &str, [rows, first, two, causes, cause, three]: [usize; 6]) -> String {
    let name = padded(name, 42);
    format!("{name}{rows:>5} {first:>3} % {two:>3} % {causes:>5} {cause:>3} % {three:>3} %\n")
}

/// How often a corpus was recognised rightly.
#[derive(Default)]
struct Figures {
    symptom: Rank,
    cause: Rank,
    /// Service, device, client: rows that name it, and rows where we say the same.
    values: [(usize, usize); 3],
}

impl Figures {
    fn count(&mut self, found: &AskLine, complaint: &Complaint) {
        self.symptom.count(&found.symptom, &complaint.symptom);
        if complaint.cause != "unknown" {
            self.cause.count(&found.cause, &complaint.cause);
        }
        let pairs = [
            (&complaint.service, &found.service),
            (&complaint.device, &found.device),
            (&complaint.client, &found.client),
        ];
        for ((truth, found), (rows, right)) in pairs.into_iter().zip(&mut self.values) {
            if let Some(truth) = truth {
                *rows += 1;
                *right += usize::from(truth == found);
            }
        }
    }

    fn line(&self, name: &str, origin: Origin, lang: Lang) -> String {
        let origin = match origin {
            Origin::Tuned => pick(lang, " (tuned on)", " (調整に使用)"),
            Origin::Written => pick(lang, " (written)", " (学習用)"),
            Origin::Given => "",
        };
        let mut out = padded(&format!("{name}{origin}"), 42);
        let [service, device, client] = self.values.map(|(rows, right)| percent(right, rows));
        // writing to a String cannot fail
        let _ = writeln!(
            out,
            "{:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {:>8} {:>6} {:>6}",
            self.symptom.rows,
            self.symptom.percent(1),
            self.symptom.percent(2),
            self.cause.rows,
            self.cause.percent(1),
            self.cause.percent(3),
            service,
            device,
            client,
        );
        out
    }
}

fn percent(right: usize, rows: usize) -> String {
    let percent = (100 * right + rows / 2).checked_div(rows);
    percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"))
}

#[derive(Default)]
struct Rank {
    rows: usize,
    places: [usize; 3],
}

impl Rank {
    fn count(&mut self, scored: &[Scored], truth: &str) {
        self.rows += 1;
        if let Some(place) = scored.iter().take(3).position(|one| one.id == truth) {
            self.places[place] += 1;
        }
    }

    /// How often it was among the first `within`.
    fn percent(&self, within: usize) -> String {
        percent(self.places[..within].iter().sum(), self.rows)
    }
}

/// What was said with which probability, and how often it was right.
#[derive(Default)]
struct Calibration(BTreeMap<(&'static str, usize), Bin>);

#[derive(Default)]
struct Bin {
    rows: u32,
    right: u32,
    said: f64,
    /// Squared distances between what was said and what was so.
    brier: f64,
}

impl Calibration {
    fn count(&mut self, kind: &'static str, scored: &[Scored], truth: &str) {
        let Some(first) = scored.first() else { return };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability")]
        let bin = ((first.p * 5.0) as usize).min(BINS - 1);
        let bin = self.0.entry((kind, bin)).or_default();
        bin.rows += 1;
        bin.right += u32::from(first.id == truth);
        bin.said += first.p;
        bin.brier += (first.p - f64::from(u8::from(first.id == truth))).powi(2);
    }

    fn show(&self, lang: Lang) -> String {
        let mut out = pick(
            lang,
            "calibration: what was said first, with which probability on average, and how often it was right\n",
            "較正: 1位の候補の平均確率と、実際に正しかった割合\n",
        )
        .to_owned();
        for (kind, name) in
            [("cause", pick(lang, "cause", "原因")), ("symptom", pick(lang, "symptom", "症状"))]
        {
            let bins = || self.0.iter().filter(|((of, _), _)| *of == kind).map(|(_, bin)| bin);
            let rows: u32 = bins().map(|bin| bin.rows).sum();
            if rows > 0 {
                let brier = bins().map(|bin| bin.brier).sum::<f64>() / f64::from(rows);
                // writing to a String cannot fail
                let _ = writeln!(out, "  {name}: Brier {brier:.3} ({rows})");
            }
        }
        for ((kind, _), bin) in &self.0 {
            let name = match *kind {
                "symptom" => pick(lang, "symptom", "症状"),
                _ => pick(lang, "cause", "原因"),
            };
            let rows = f64::from(bin.rows.max(1));
            // writing to a String cannot fail
            let _ = writeln!(
                out,
                "  {} {:>4}  {:>5.2} → {:.2}",
                padded(name, 8),
                bin.rows,
                bin.said / rows,
                f64::from(bin.right) / rows
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_places() {
        let scored: Vec<Scored> =
            ["a", "b", "c"].iter().map(|id| Scored { id: (*id).to_owned(), p: 0.3 }).collect();
        let mut rank = Rank::default();
        for truth in ["a", "b", "c", "d"] {
            rank.count(&scored, truth);
        }
        assert_eq!(
            (rank.percent(1), rank.percent(2), rank.percent(3)),
            ("25 %".into(), "50 %".into(), "75 %".into())
        );
    }
}
