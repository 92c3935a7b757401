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
/// nobody has is nobody.
pub fn told<'a, U: User>(people: &'a [U], users_to_notify: &[String], on_duty: &[String]) -> Told<'a, U> {
    let chosen = |names: &[String]| {
        let names: BTreeSet<String> = names.iter().map(|name| fold_name(name)).collect();
        let active = people.iter().filter(|person| person.is_active());
        active
            .filter(|person| names.contains(&fold_name(person.name())))
            .collect::<Vec<_>>()
    };
    let mut duty_officers = chosen(on_duty);
    if duty_officers.is_empty() {
        let fallback = |person: &&U| person.is_active() && person.is_fallback();
        duty_officers.extend(people.iter().find(fallback));
    }
    Told {
        users: chosen(users_to_notify),
        duty_officers,
    }
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
        let told = told(&PEOPLE, &owned(users_to_notify), &owned(on_duty));
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
