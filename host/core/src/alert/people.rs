//! Who is told of a service. Pure.

use std::collections::BTreeSet;

/// A user, as far as it matters who is told.
pub trait User {
    /// Their name.
    fn name(&self) -> &str;
    /// Whether they are told anything.
    fn is_active(&self) -> bool;
    /// Whether they are told when nobody is on duty.
    fn is_fallback(&self) -> bool;
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told<'a, U> {
    /// The users of the service, in the order of the users; each once.
    pub users: Vec<&'a U>,
    /// The duty officers; the fallback officer where there are none; nobody where there is none of those either.
    pub duty_officers: Vec<&'a U>,
}

/// A name as names are compared: without the space around it, in lower case.
pub fn fold_name(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Who is told of a service with these `users_to_notify`, while these are on duty. Only those who are active; a name that
/// nobody has is nobody. Where nobody on duty can be told, the `fallback` of the configuration is, or else the user that is
/// marked so.
pub fn told<'a, U: User>(
    people: &'a [U],
    users_to_notify: &[String],
    on_duty: &[String],
    fallback: Option<&str>,
) -> Told<'a, U> {
    let chosen = |names: &[String]| {
        let names: BTreeSet<String> = names.iter().map(|name| fold_name(name)).collect();
        let active = people.iter().filter(|person| person.is_active());
        active
            .filter(|person| names.contains(&fold_name(person.name())))
            .collect::<Vec<_>>()
    };
    let mut duty_officers = chosen(on_duty);
    if duty_officers.is_empty() {
        duty_officers = chosen(fallback.map(str::to_owned).as_slice());
    }
    if duty_officers.is_empty() {
        let fallback = |person: &&U| person.is_active() && person.is_fallback();
        duty_officers.extend(people.iter().find(fallback));
    }
    Told {
        users: chosen(users_to_notify),
        duty_officers,
    }
}

/// Those of these names that no active user has, each once.
pub fn unknown<'n, U: User>(people: &[U], names: impl IntoIterator<Item = &'n String>) -> Vec<String> {
    let active = people.iter().filter(|person| person.is_active());
    let active: BTreeSet<String> = active.map(|person| fold_name(person.name())).collect();
    let mut seen = BTreeSet::new();
    let mut is_new = |name: &str| {
        let name = fold_name(name);
        !active.contains(&name) && seen.insert(name)
    };
    names.into_iter().filter(|name| is_new(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Somebody(&'static str, bool, bool);

    impl User for Somebody {
        fn name(&self) -> &str {
            self.0
        }
        fn is_active(&self) -> bool {
            self.1
        }
        fn is_fallback(&self) -> bool {
            self.2
        }
    }

    const PEOPLE: [Somebody; 4] = [
        Somebody("Ann Ångström", true, false),
        Somebody("bob", true, false),
        Somebody("Cat", false, false),
        Somebody("Dan", true, true),
    ];

    fn names(users_to_notify: &[&str], on_duty: &[&str]) -> (Vec<&'static str>, Vec<&'static str>) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let told = told(&PEOPLE, &owned(users_to_notify), &owned(on_duty), None);
        let names = |people: Vec<&Somebody>| people.into_iter().map(|person| person.0).collect();
        (names(told.users), names(told.duty_officers))
    }

    #[test]
    fn names_are_compared_without_regard_to_case_and_space() {
        let told = names(&[" BOB ", "bob", "ann ÅNGSTRÖM"], &["Bob"]);
        assert_eq!(told, (vec!["Ann Ångström", "bob"], vec!["bob"]));
    }

    #[test]
    fn who_is_not_active_is_not_told() {
        assert_eq!(names(&["Cat", "bob"], &["bob", "cat"]), (vec!["bob"], vec!["bob"]));
    }

    #[test]
    fn the_fallback_of_the_configuration_comes_before_the_one_that_is_marked() {
        let officers = |on_duty: &str, fallback: &str| {
            let told = told(&PEOPLE, &[], &[on_duty.to_owned()], Some(fallback));
            told.duty_officers
                .into_iter()
                .map(|person| person.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(officers("Eve", "bob"), ["bob"], "nobody is called Eve");
        assert_eq!(officers("Cat", "bob"), ["bob"], "Cat is not active");
        assert_eq!(officers("Eve", "Cat"), ["Dan"], "nor is the fallback");
        assert_eq!(officers("bob", "Dan"), ["bob"]);
    }

    #[test]
    fn names_that_no_active_user_has_are_unknown_once() {
        let names = ["Eve", "bob", " eve", "Cat"].map(str::to_owned);
        assert_eq!(unknown(&PEOPLE, &names), ["Eve", "Cat"]);
    }

    #[test]
    fn the_fallback_officer_is_told_when_nobody_is_on_duty() {
        assert_eq!(names(&[], &[]), (vec![], vec!["Dan"]));
        assert_eq!(
            names(&[], &["Eve", "Cat"]),
            (vec![], vec!["Dan"]),
            "nobody who could be told"
        );
        assert_eq!(names(&[], &["bob"]), (vec![], vec!["bob"]));
    }
}
