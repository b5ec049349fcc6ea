//! How far apart two names are.

/// How many letters have to be put in, left out, replaced or swapped with their neighbour to get from one text to the
/// other (optimal string alignment); `None` where it is more than `most`.
pub(super) fn distance(one: &str, two: &str, most: usize) -> Option<usize> {
    let (one, two) = (one.as_bytes(), two.as_bytes());
    if one.len().abs_diff(two.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=two.len()).collect();
    for i in 1..=one.len() {
        let mut row = vec![i; two.len() + 1];
        for j in 1..=two.len() {
            let replaced = last[j - 1] + usize::from(one[i - 1] != two[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == two[j - 2] && one[i - 2] == two[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|apart| *apart <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_apart_are_counted() {
        assert_eq!(distance("gmail.com", "gmail.com", 2), Some(0));
        assert_eq!(distance("gmial.com", "gmail.com", 2), Some(1));
        assert_eq!(distance("gmal.com", "gmail.com", 2), Some(1));
        assert_eq!(distance("gnail.con", "gmail.com", 2), Some(2));
        assert_eq!(distance("gnail.con", "gmail.com", 1), None);
        assert_eq!(distance("", "ab", 2), Some(2));
    }
}
