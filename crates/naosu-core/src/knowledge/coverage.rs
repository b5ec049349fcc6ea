//! Whether everything that people were ever advised about is dealt with: `knowledge/coverage.tsv`.

use std::collections::BTreeMap;

use super::Problem;

/// The file of the rows, relative to the knowledge folder.
pub(super) const FILE: &str = "coverage.tsv";

/// One thing to be dealt with: a line of `coverage.tsv`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// Its id, as entries name it in `covers`.
    pub id: String,
    /// What kind of thing it is: `message`, `cause`, `action`, …
    pub kind: String,
    /// The devices, services or people that it is about.
    pub scope: String,
    /// The thing itself.
    pub what: String,
}

/// Which rows are served, and by what.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Coverage {
    /// The files that serve a row, by the row's id.
    pub served: BTreeMap<String, Vec<String>>,
    /// The rows that nothing serves.
    pub missing: Vec<Row>,
}

/// Reads the rows: a heading line, then lines of `id`, `seed`, `kind`, `scope` and `what`, separated by tabs.
pub(super) fn rows(text: &str, problems: &mut Vec<Problem>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (number, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()) {
        let problem =
            |what: &str| Problem { path: FILE.to_owned(), what: format!("line {}: {what}", number + 1) };
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, _, kind, scope, what] = fields[..] else {
            problems.push(problem("does not have five fields"));
            continue;
        };
        if rows.iter().any(|row| row.id == id) {
            problems.push(problem("repeats an id"));
        }
        rows.push(Row {
            id: id.to_owned(),
            kind: kind.to_owned(),
            scope: scope.to_owned(),
            what: what.to_owned(),
        });
    }
    rows
}

/// What a file says that it serves.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The file, relative to the knowledge folder.
    pub path: String,
    /// The rows that it names.
    pub covers: &'a [String],
}

/// Which rows are served, if what the files say of themselves holds.
pub(super) fn coverage(rows: &[Row], claims: &[Claim<'_>]) -> Coverage {
    let mut coverage = Coverage::default();
    for row in rows {
        let mut files: Vec<String> = claims
            .iter()
            .filter(|claim| claim.covers.contains(&row.id))
            .map(|claim| claim.path.clone())
            .collect();
        files.dedup();
        if files.is_empty() {
            coverage.missing.push(row.clone());
        } else {
            coverage.served.insert(row.id.clone(), files);
        }
    }
    coverage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_rows_and_bad_ones_are_told() {
        let mut problems = Vec::new();
        let rows = rows(
            "id\tseed\tkind\tscope\twhat\nA1\t0\tcause\tany\tx\n\nA1\t0\tcause\tany\ty\nA2\n",
            &mut problems,
        );
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].what, "x");
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "knowledge/coverage.tsv: line 4: repeats an id",
                "knowledge/coverage.tsv: line 5: does not have five fields"
            ]
        );
    }

    #[test]
    fn a_row_is_served_by_the_files_that_name_it() {
        let covers = ["A1".to_owned()];
        let claim = Claim { path: "causes/x.toml".to_owned(), covers: &covers };
        let row = |id: &str| Row {
            id: id.to_owned(),
            kind: "cause".to_owned(),
            scope: "any".to_owned(),
            what: String::new(),
        };
        let coverage = coverage(&[row("A1"), row("A2")], &[claim.clone(), claim]);
        assert_eq!(coverage.served["A1"], ["causes/x.toml"]);
        assert_eq!(coverage.missing, [row("A2")]);
    }
}
