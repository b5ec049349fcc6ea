use super::*;

/// A zone in lines of name, kind and data; what is not in it does not exist.
struct Zone(Vec<(&'static str, QueryKind, &'static str)>);

use QueryKind::{A, Aaaa, Mx, Ptr, Txt};

impl Zone {
    fn answer(&self, query: &Query) -> Answer {
        let data: Vec<String> = self
            .0
            .iter()
            .filter(|(name, kind, _)| *name == query.name && *kind == query.kind)
            .map(|(.., data)| (*data).to_owned())
            .collect();
        match data.first().map(String::as_str) {
            None => Answer::Void,
            Some("FAILED") => Answer::Failed,
            Some(_) => Answer::Found(data),
        }
    }

    fn verdict(&self, sender: &str, domain: &str) -> Verdict {
        let mut answers = Answers::new();
        for _ in 0..100 {
            match evaluate(sender.parse().unwrap(), domain, &answers) {
                Evaluation::Done(verdict) => return verdict,
                Evaluation::Wants(queries) => {
                    assert!(!queries.is_empty());
                    for query in queries {
                        let answer = self.answer(&query);
                        assert!(answers.insert(query, answer).is_none(), "asked twice");
                    }
                }
            }
        }
        panic!("never done");
    }
}

/// The zone of RFC 7208 appendix A with one record for example.com.
fn appendix(record: &'static str) -> Zone {
    Zone(vec![
        ("example.com", Txt, record),
        ("example.com", Mx, "mail-a.example.com"),
        ("example.com", Mx, "mail-b.example.com"),
        ("example.com", A, "192.0.2.10"),
        ("example.com", A, "192.0.2.11"),
        ("amy.example.com", A, "192.0.2.65"),
        ("bob.example.com", A, "192.0.2.66"),
        ("mail-a.example.com", A, "192.0.2.129"),
        ("mail-b.example.com", A, "192.0.2.130"),
        ("www.example.com", A, "192.0.2.10"),
        ("example.org", Mx, "mail-c.example.org"),
        ("mail-c.example.org", A, "192.0.2.140"),
        ("example.net", Txt, "v=spf1 ip4:198.51.100.0/24 -all"),
        ("_spf.example.com", Txt, "v=spf1 mx -all"),
        ("65.2.0.192.in-addr.arpa", Ptr, "amy.example.com"),
        ("140.2.0.192.in-addr.arpa", Ptr, "mail-c.example.org"),
        ("4.0.0.10.in-addr.arpa", Ptr, "bob.example.com"),
    ])
}

#[test]
fn the_examples_of_the_standard_come_out_as_it_says() {
    let of = |record, sender: &str| appendix(record).verdict(sender, "example.com");
    // appendix A.1
    assert_eq!(of("v=spf1 +all", "203.0.113.7"), Verdict::Pass);
    assert_eq!(of("v=spf1 a -all", "192.0.2.10"), Verdict::Pass);
    assert_eq!(of("v=spf1 a -all", "192.0.2.11"), Verdict::Pass);
    assert_eq!(of("v=spf1 a -all", "192.0.2.65"), Verdict::Fail);
    assert_eq!(of("v=spf1 a:example.org -all", "192.0.2.10"), Verdict::Fail);
    assert_eq!(of("v=spf1 mx -all", "192.0.2.129"), Verdict::Pass);
    assert_eq!(of("v=spf1 mx -all", "192.0.2.140"), Verdict::Fail);
    assert_eq!(of("v=spf1 mx:example.org -all", "192.0.2.140"), Verdict::Pass);
    assert_eq!(of("v=spf1 mx mx:example.org -all", "192.0.2.140"), Verdict::Pass);
    assert_eq!(of("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131"), Verdict::Pass);
    assert_eq!(of("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.143"), Verdict::Pass);
    assert_eq!(of("v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.144"), Verdict::Fail);
    assert_eq!(of("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129"), Verdict::Pass);
    assert_eq!(of("v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65"), Verdict::Fail);
    // sections 5.2 and 6.1
    assert_eq!(of("v=spf1 include:example.net -all", "198.51.100.9"), Verdict::Pass);
    assert_eq!(of("v=spf1 include:example.net ~all", "192.0.2.1"), Verdict::SoftFail);
    assert_eq!(of("v=spf1 redirect=_spf.example.com", "192.0.2.1"), Verdict::Fail);
    assert_eq!(of("v=spf1 ?all", "192.0.2.1"), Verdict::Neutral);
    assert_eq!(of("v=spf1", "192.0.2.1"), Verdict::Neutral);
    assert_eq!(of("v=spf10 -all", "192.0.2.1"), Verdict::None);
    assert_eq!(of("V=SPF1 IP4:192.0.2.1 -ALL", "192.0.2.1"), Verdict::Pass);
}

#[test]
fn macros_expand_as_the_standard_says() {
    let of = |text, sender: &str| {
        record::expand(text, sender.parse().unwrap(), "email.example.com", "email.example.com").unwrap()
    };
    // section 7.4
    assert_eq!(of("%{o}", "192.0.2.3"), "email.example.com");
    assert_eq!(of("%{d4}", "192.0.2.3"), "email.example.com");
    assert_eq!(of("%{d2}", "192.0.2.3"), "example.com");
    assert_eq!(of("%{d1}", "192.0.2.3"), "com");
    assert_eq!(of("%{dr}", "192.0.2.3"), "com.example.email");
    assert_eq!(of("%{d2r}", "192.0.2.3"), "example.email");
    assert_eq!(of("%{ir}.%{v}._spf.%{d2}", "192.0.2.3"), "3.2.0.192.in-addr._spf.example.com");
    assert_eq!(
        of("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01"),
        "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
    );
    let zone = Zone(vec![
        ("example.com", Txt, "v=spf1 exists:%{ir}.%{v}._spf.%{d} -all"),
        ("3.2.0.192.in-addr._spf.example.com", A, "127.0.0.2"),
    ]);
    assert_eq!(zone.verdict("192.0.2.3", "example.com"), Verdict::Pass);
    assert_eq!(zone.verdict("192.0.2.4", "example.com"), Verdict::Fail);
}

#[test]
fn both_families_are_matched() {
    let zone = Zone(vec![
        ("example.com", Txt, "v=spf1 ip6:2001:db8:1::/48 a:www.example.com//64 -all"),
        ("www.example.com", Aaaa, "2001:db8:2::1"),
    ]);
    assert_eq!(zone.verdict("2001:db8:1:ff::1", "example.com"), Verdict::Pass);
    assert_eq!(zone.verdict("2001:db8:2::ffff", "example.com"), Verdict::Pass);
    assert_eq!(zone.verdict("2001:db8:3::1", "example.com"), Verdict::Fail);
    assert_eq!(zone.verdict("192.0.2.1", "example.com"), Verdict::Fail);
}

#[test]
fn syntax_errors_anywhere_break_the_record() {
    for record in [
        "v=spf1 ip4:300.0.0.1 -all",
        "v=spf1 ip4:192.0.2.1/33 -all",
        "v=spf1 ip4:192.0.2.1/08 -all",
        "v=spf1 ip4:2001:db8::1 -all",
        "v=spf1 ip4 -all",
        "v=spf1 foo -all",
        "v=spf1 +all foo:bar",
        "v=spf1 all:example.org",
        "v=spf1 include -all",
        "v=spf1 include: -all",
        "v=spf1 include:localhost -all",
        "v=spf1 exists:%{x}.example.com -all",
        "v=spf1 a:example.com/ -all",
        "v=spf1 redirect=a.example redirect=b.example",
        "v=spf1 -all,",
        "v=spf1 v=spf1:foo mx:",
    ] {
        let verdict = appendix(record).verdict("192.0.2.1", "example.com");
        assert!(matches!(verdict, Verdict::PermError(_)), "{record}: {verdict:?}");
    }
    let named = appendix("v=spf1 mx ipv4:192.0.2.1 -all").verdict("192.0.2.1", "example.com");
    assert_eq!(named, Verdict::PermError("ipv4:192.0.2.1".to_owned()));
    assert_eq!(appendix("v=spf1 moo=x mx -all").verdict("192.0.2.129", "example.com"), Verdict::Pass);
}

#[test]
fn two_records_and_missing_includes_are_permanent_errors() {
    let two = Zone(vec![("example.com", Txt, "v=spf1 -all"), ("example.com", Txt, "v=spf1 mx -all")]);
    assert_eq!(two.verdict("192.0.2.1", "example.com"), Verdict::PermError("v=spf1 × 2".to_owned()));
    let gone = Zone(vec![("example.com", Txt, "v=spf1 include:gone.example.org -all")]);
    assert_eq!(
        gone.verdict("192.0.2.1", "example.com"),
        Verdict::PermError("include:gone.example.org → none".to_owned())
    );
    let redirected = Zone(vec![("example.com", Txt, "v=spf1 redirect=gone.example.org")]);
    assert!(matches!(redirected.verdict("192.0.2.1", "example.com"), Verdict::PermError(_)));
    assert_eq!(Zone(vec![]).verdict("192.0.2.1", "example.com"), Verdict::None);
    assert_eq!(Zone(vec![("example.com", Txt, "hello")]).verdict("192.0.2.1", "example.com"), Verdict::None);
}

#[test]
fn lookups_are_limited_also_in_loops() {
    let loops = Zone(vec![("example.com", Txt, "v=spf1 include:example.com -all")]);
    let verdict = loops.verdict("192.0.2.1", "example.com");
    assert_eq!(verdict, Verdict::PermError("DNS lookups 11 > 10 (include:example.com)".to_owned()));
    let redirects = Zone(vec![("example.com", Txt, "v=spf1 redirect=example.com")]);
    assert!(matches!(redirects.verdict("192.0.2.1", "example.com"), Verdict::PermError(_)));
    let record = "v=spf1 a:a1.example.org a:a2.example.org a:a3.example.org -all";
    let void = Zone(vec![("example.com", Txt, record)]);
    assert_eq!(void.verdict("192.0.2.1", "example.com"), Verdict::PermError("void lookups 3 > 2".to_owned()));
    let two_voids = Zone(vec![("example.com", Txt, "v=spf1 a:a1.example.org a:a2.example.org -all")]);
    assert_eq!(two_voids.verdict("192.0.2.1", "example.com"), Verdict::Fail);
}

#[test]
fn failing_lookups_are_temporary_errors() {
    let own = Zone(vec![("example.com", Txt, "FAILED")]);
    assert_eq!(own.verdict("192.0.2.1", "example.com"), Verdict::TempError);
    let included = Zone(vec![
        ("example.com", Txt, "v=spf1 include:b.example.com -all"),
        ("b.example.com", Txt, "FAILED"),
    ]);
    assert_eq!(included.verdict("192.0.2.1", "example.com"), Verdict::TempError);
}

#[test]
fn what_can_be_asked_at_once_is_wanted_at_once() {
    let record = "v=spf1 a mx include:_a.example.net include:_b.example.net -all";
    let query = Query { name: "example.com".to_owned(), kind: Txt };
    let answers = Answers::from([(query, Answer::Found(vec![record.to_owned()]))]);
    let wants = evaluate("192.0.2.1".parse().unwrap(), "Example.COM.", &answers);
    let Evaluation::Wants(queries) = wants else { panic!("{wants:?}") };
    assert_eq!(queries.len(), 4);
}

#[test]
fn hostile_records_are_harmless() {
    for record in [
        "v=spf1 %",
        "v=spf1 a:%{",
        "v=spf1 a:%{d0}.x",
        "v=spf1 exists:%{i999999999999}.x",
        "v=spf1 \u{3042}=",
        "v=spf1 +",
        "v=spf1 a/é",
    ] {
        let zone = Zone(vec![("example.com", Txt, record)]);
        let _ = zone.verdict("192.0.2.1", "example.com");
    }
}

/// RFC 7208 appendix A.1.
#[test]
fn a_name_of_the_sender_must_lead_back_to_it() {
    let zone = appendix("v=spf1 ptr -all");
    assert_eq!(zone.verdict("192.0.2.65", "example.com"), Verdict::Pass);
    assert_eq!(zone.verdict("192.0.2.140", "example.com"), Verdict::Fail, "another domain's name");
    assert_eq!(zone.verdict("10.0.0.4", "example.com"), Verdict::Fail, "the name leads elsewhere");
    assert_eq!(zone.verdict("192.0.2.99", "example.com"), Verdict::Fail, "no name");
    assert_eq!(appendix("v=spf1 ptr:example.org -all").verdict("192.0.2.140", "example.com"), Verdict::Pass);
}

#[test]
fn addresses_have_names() {
    let name = |address: &str| reverse_name(address.parse().unwrap());
    assert_eq!(name("192.0.2.65"), "65.2.0.192.in-addr.arpa");
    let six = name("2001:db8::567:89ab");
    assert_eq!(six, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}
