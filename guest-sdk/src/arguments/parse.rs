//! A deserializer over names and values. Its errors are read in chat by whoever asked.

use std::fmt::{self, Display};

use serde::Deserializer;
use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, EnumAccess, IntoDeserializer, Unexpected, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::{Failure, Result};

/// How much of a value a sentence repeats, in characters.
const SHOWN: usize = 60;

pub(super) fn parse<T: DeserializeOwned>(arguments: &[(String, String)]) -> Result<T> {
    let pairs = arguments
        .iter()
        .map(|(name, value)| (name.as_str(), Value { name, value }));
    T::deserialize(Pairs(arguments.len(), pairs)).map_err(|Wrong(why)| Failure::new(why))
}

/// All arguments: a map of names and values.
struct Pairs<I>(usize, I);

impl<'de, I: Iterator<Item = (&'de str, Value<'de>)>> Deserializer<'de> for Pairs<I> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(MapDeserializer::new(self.1))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            0 => visitor.visit_unit(),
            _ => Err(Wrong("this job takes no arguments".to_owned())),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// One argument.
#[derive(Clone, Copy)]
struct Value<'de> {
    name: &'de str,
    value: &'de str,
}

impl Value<'_> {
    fn wrong(self, has_to_be: impl Display) -> Wrong {
        let Self { name, value } = self;
        if value.is_empty() {
            return Wrong(format!("`{name}` is empty, and has to be {has_to_be}"));
        }
        let shown: String = value.chars().take(SHOWN).collect();
        let cut = if shown.len() < value.len() { "…" } else { "" };
        Wrong(format!("`{name}` is \"{shown}{cut}\", and has to be {has_to_be}"))
    }

    /// Whether it is a whole number that is only too large or too small.
    fn is_whole(self) -> bool {
        let text = self.value.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// What a visitor said of the value, said of the argument.
    fn named(self, Wrong(why): Wrong) -> Wrong {
        if why.starts_with('`') {
            return Wrong(why);
        }
        Wrong(format!("`{}`: {why}", self.name))
    }
}

impl<'de> IntoDeserializer<'de, Wrong> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! whole_numbers {
    ($($deserialize:ident $visit:ident $type:ty)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match self.value.trim().parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) if self.is_whole() => {
                    Err(self.wrong(format_args!("a whole number from {} to {}", <$type>::MIN, <$type>::MAX)))
                }
                Err(_) => Err(self.wrong("a whole number")),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_borrowed_str(self.value).map_err(|why| self.named(why))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "on" | "1" => visitor.visit_bool(true),
            "false" | "no" | "n" | "off" | "0" => visitor.visit_bool(false),
            _ => Err(self.wrong("yes or no")),
        }
    }

    whole_numbers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_u128 visit_u128 u128
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(self.wrong("a number")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let mut characters = self.value.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => visitor.visit_char(character),
            _ => Err(self.wrong("one character")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.value.is_empty() {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        cases: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let said = self.value.trim();
        let mut alike = cases.iter().filter(|case| case.eq_ignore_ascii_case(said));
        let case = match (alike.next(), alike.next()) {
            (Some(case), None) => case,
            // Two that differ in case only: an exact name is one of them.
            _ => said,
        };
        visitor.visit_enum(Case(case)).map_err(|Wrong(why)| match why.as_str() {
            DATA => Wrong(format!("`{}`: {DATA}", self.name)),
            _ => self.wrong(one_of(cases)),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// The name of an enum's case.
struct Case<'de>(&'de str);

const DATA: &str = "the job expects more than one word can say; that is a mistake in the job";

impl<'de> EnumAccess<'de> for Case<'de> {
    type Error = Wrong;
    type Variant = Self;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Wrong> {
        let name: StrDeserializer<'de, Wrong> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Case<'de> {
    type Error = Wrong;

    fn unit_variant(self) -> Result<(), Wrong> {
        Ok(())
    }

    fn newtype_variant_seed<S: serde::de::DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Wrong> {
        Err(Wrong(DATA.to_owned()))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Wrong> {
        Err(Wrong(DATA.to_owned()))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Wrong> {
        Err(Wrong(DATA.to_owned()))
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing at all".to_owned(),
        [only] => format!("`{only}`"),
        [most @ .., last] => format!("`{}` or `{last}`", most.join("`, `")),
    }
}

/// What is wrong: a sentence without its full stop.
#[derive(Debug)]
struct Wrong(String);

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl serde::de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self(format!("`{field}` is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self(format!("`{field}` is given twice"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self(format!(
            "`{field}` is not an argument of this job: it has {}",
            and(expected)
        ))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self(format!("it is {unexpected}, and has to be {expected}"))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self(format!(
            "the job expects {expected}, and an argument is text; that is a mistake in the job"
        ))
    }
}

fn and(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [only] => format!("`{only}`"),
        [most @ .., last] => format!("`{}` and `{last}`", most.join("`, `")),
    }
}

#[cfg(test)]
mod tests;
