use super::*;

const HERE: Situation<'_> = Situation { device: "mac", client: "mac_mail", service: "icloud" };
const YEAR: u64 = 365 * DAY;
/// 2026-01-01.
const NOW: u64 = 20_454 * DAY;

fn context(device: &str, service: &str) -> Context {
    Context { device: device.to_owned(), service: service.to_owned() }
}

fn repair(at: u64, action: &str, shares: &[(&str, f64)], failed: &[(&str, &[&'static str])]) -> Lesson {
    let shares = shares.iter().copied().collect();
    let failed = failed.iter().map(|(action, causes)| (*action, causes.to_vec())).collect();
    Lesson::of_repair(at, context("mac", "icloud"), action, &shares, &failed, &[])
}

fn learned(lessons: &[Lesson]) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for lesson in lessons {
        outcomes.learn(lesson);
    }
    outcomes
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-12
}

#[test]
fn without_lessons_nothing_changes_to_the_last_bit() {
    let nothing = Outcomes::default().experience(HERE, NOW);
    for figure in [0.0, 0.1, 0.3, 1.0 / 3.0, 0.97, 1.0] {
        assert_eq!(nothing.rate("restart", "password_wrong", figure).to_bits(), figure.to_bits());
        assert_eq!(nothing.frequency("password_wrong", figure * 1000.0).to_bits(), 1.0_f64.to_bits());
    }
    // nor does what was learned of others
    let others = learned(&[repair(NOW, "restart", &[("a", 1.0)], &[])]).experience(HERE, NOW);
    assert_eq!(others.rate("restart", "b", 0.3).to_bits(), 0.3_f64.to_bits());
    assert_eq!(others.rate("other", "a", 0.3).to_bits(), 0.3_f64.to_bits());
    assert_eq!(others.frequency("b", 20.0).to_bits(), 1.0_f64.to_bits());
}

#[test]
fn a_success_is_shared_by_the_causes_and_a_failure_counts_against_what_it_was_in_the_end() {
    let lesson =
        repair(NOW + 7200, "renew", &[("a", 0.7), ("b", 0.295), ("c", 0.005)], &[("restart", &["b", "c"])]);
    assert_eq!(lesson.at, NOW, "only the day is kept");
    let counts = &lesson.counts;
    assert_eq!(counts.causes, [("a".to_owned(), 0.7), ("b".to_owned(), 0.295)].into());
    assert_eq!(counts.tries["renew"]["a"], Tries { fixed: 0.7, not_fixed: 0.0 });
    assert_eq!(counts.tries["restart"], [("b".to_owned(), Tries { fixed: 0.0, not_fixed: 0.295 })].into());
}

#[test]
fn what_went_away_while_waiting_credits_no_action() {
    let lesson = Lesson::of_wait(NOW, context("mac", "icloud"), &[("outage", 1.0)].into());
    assert!(lesson.counts.tries.is_empty());
    let outcomes = learned(&[lesson]);
    let counts = &outcomes.contexts[&context("mac", "icloud")];
    assert!(close(counts.by_itself, 1.0) && close(counts.causes["outage"], 1.0));
    assert!(close(outcomes.experience(HERE, NOW).rate("wait_for_provider", "outage", 0.6), 0.6));
}

#[test]
fn a_count_is_halved_in_the_half_life_also_before_it_is_looked_at() {
    let one = repair(NOW, "renew", &[("a", 1.0)], &[]);
    let old = learned(std::slice::from_ref(&one));
    // α = 20 per 1000 of 200 troubles = 4
    assert!(close(old.experience(HERE, NOW).frequency("a", 20.0), 1.25));
    assert!(close(old.experience(HERE, NOW + YEAR).frequency("a", 20.0), 1.125));
    assert!(close(old.experience(HERE, NOW + 2 * YEAR).rate("renew", "a", 0.5), 5.25 / 10.25));
    // a clock that was put back does not make it count more
    assert!(close(old.experience(HERE, 0).frequency("a", 20.0), 1.25));
    let newer = repair(NOW + YEAR, "renew", &[("b", 1.0)], &[]);
    let both = learned(&[one, newer]);
    assert_eq!((both.cases, both.as_of), (2, NOW + YEAR));
    let counts = &both.contexts[&context("mac", "icloud")].causes;
    assert!(close(counts["a"], 0.5) && close(counts["b"], 1.0));
}

#[test]
fn the_order_of_lessons_does_not_matter() {
    let at = |day: u64, cause: &'static str| {
        let others: &[&'static str] = &["a", "b"];
        repair(NOW + day * DAY, "renew", &[(cause, 0.6), ("z", 0.4)], &[("restart", others)])
    };
    for days in [[0, 0, 0, 0], [0, 40, 400, 41]] {
        let lessons = [at(days[0], "a"), at(days[1], "b"), at(days[2], "a"), at(days[3], "c")];
        let one = learned(&lessons).experience(HERE, NOW + YEAR);
        for order in [[3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]] {
            let outcomes = learned(&order.map(|place| lessons[place].clone()));
            let other = outcomes.experience(HERE, NOW + YEAR);
            for cause in ["a", "b", "c", "z"] {
                assert!(close(one.frequency(cause, 10.0), other.frequency(cause, 10.0)), "{cause}");
                for action in ["renew", "restart"] {
                    assert!(close(one.rate(action, cause, 0.4), other.rate(action, cause, 0.4)), "{cause}");
                }
            }
        }
    }
}

#[test]
fn one_case_moves_nothing_far() {
    let rate_bound = 1.0 / (TRIES + 1.0) + 1e-12;
    let odds_bound = 1.0 + 1.0 / TROUBLES_OF_A_CAUSE + 1e-12;
    let mut lessons = Vec::new();
    for number in 0..40_u8 {
        let before = learned(&lessons);
        let fixed = number % 3 != 0;
        let (ending, failed) = if fixed { ("renew", "restart") } else { ("restart", "renew") };
        lessons.push(repair(NOW, ending, &[("a", 1.0)], &[(failed, &["a"])]));
        let (before, after) = (before.experience(HERE, NOW), learned(&lessons).experience(HERE, NOW));
        for known in [0.05, 0.5, 0.95, 1.0] {
            for action in ["renew", "restart"] {
                let moved = after.rate(action, "a", known) - before.rate(action, "a", known);
                assert!(moved.abs() <= rate_bound, "{moved}");
                assert!((0.0..=1.0).contains(&after.rate(action, "a", known)));
            }
        }
        for prior in [0.001, 2.0, 20.0, 200.0] {
            let odds = after.frequency("a", prior) / before.frequency("a", prior);
            assert!((1.0..=odds_bound).contains(&odds), "{odds}");
        }
    }
    // a probability p with its odds changed by a quarter moves most at p = 1 / (1 + √1.25)
    let k: f64 = 1.0 + 1.0 / TROUBLES_OF_A_CAUSE;
    assert!((k.sqrt() - 1.0) / (k.sqrt() + 1.0) < 0.056);
}

#[test]
fn however_many_cases_a_cause_becomes_only_so_frequent() {
    let lessons = vec![repair(NOW, "renew", &[("a", 1.0)], &[]); 500];
    assert!(close(learned(&lessons).experience(HERE, NOW).frequency("a", 20.0), MOST));
}

#[test]
fn what_is_offered_first_and_fails_half_the_time_is_not_preferred_for_it() {
    // "restart" is always offered first and ends half of the cases; what it leaves, "renew" ends every time
    let mut lessons = Vec::new();
    for number in 0..60_u8 {
        lessons.push(if number % 2 == 0 {
            repair(NOW, "restart", &[("a", 1.0)], &[])
        } else {
            repair(NOW, "renew", &[("a", 1.0)], &[("restart", &["a"])])
        });
    }
    let known = learned(&lessons).experience(HERE, NOW);
    let (first, second) = (known.rate("restart", "a", 0.7), known.rate("renew", "a", 0.7));
    assert!(first < 0.54 && second > 0.9, "{first} {second}");
    // another fifty of its successes with as many failures leave it where it is
    let more: Vec<Lesson> = lessons.iter().chain(&lessons).cloned().collect();
    let more = learned(&more).experience(HERE, NOW);
    assert!(more.rate("restart", "a", 0.7) < first, "half the time is half the time");
}

#[test]
fn what_was_learned_elsewhere_counts_less() {
    let mut outcomes = Outcomes::default();
    let mut lesson = repair(NOW, "renew", &[("a", 1.0)], &[]);
    lesson.context = context("iphone", "icloud");
    outcomes.learn(&lesson);
    let there = Situation { device: "iphone", ..HERE };
    let neither = Situation { device: "windows", client: "unknown", service: "gmail" };
    let of = |situation| outcomes.experience(situation, NOW).frequency("a", 20.0);
    assert!(close(of(there), 1.25) && close(of(HERE), 1.125) && close(of(neither), 1.0625));
}

#[test]
fn what_is_no_count_counts_nothing() {
    let mut lesson = repair(NOW, "renew", &[("a", 1.0), ("b", 1.0), ("c", 1.0)], &[]);
    *lesson.counts.causes.get_mut("a").unwrap() = -7.0;
    *lesson.counts.causes.get_mut("b").unwrap() = f64::INFINITY;
    *lesson.counts.causes.get_mut("c").unwrap() = 1e300;
    lesson.at = u64::MAX;
    let mut outcomes = learned(&[lesson]);
    outcomes.learn(&repair(NOW, "renew", &[("d", 1.0)], &[]));
    let known = outcomes.experience(HERE, u64::MAX);
    for (cause, expected) in [("a", 1.0), ("b", 1.0), ("c", 1.25), ("d", 1.0)] {
        assert!(close(known.frequency(cause, 20.0), expected), "{cause}");
    }
}

#[test]
fn the_export_is_rounded_and_in_order() {
    let mut outcomes = learned(&[repair(NOW, "renew", &[("b", 2.0 / 3.0), ("a", 1.0 / 3.0)], &[])]);
    outcomes.learn(&Lesson::of_wait(NOW, context("ipad", "gmail"), &BTreeMap::new()));
    let json = serde_json::to_string(&outcomes).unwrap();
    assert_eq!(
        json,
        format!(
            "{{\"schema\":\"naosu.outcomes/1\",\"cases\":2,\"as_of\":{NOW},\"half_life_days\":365.0,\"contexts\":[\
             {{\"device\":\"ipad\",\"service\":\"gmail\",\"by_itself\":1.0,\"causes\":{{}},\"tries\":{{}}}},\
             {{\"device\":\"mac\",\"service\":\"icloud\",\"by_itself\":0.0,\"causes\":{{\"a\":0.3333,\"b\":0.6667}},\
             \"tries\":{{\"renew\":{{\"a\":{{\"fixed\":0.3333,\"not_fixed\":0.0}},\"b\":{{\"fixed\":0.6667,\"not_fixed\":0.0}}}}}}}}]}}"
        )
    );
}
