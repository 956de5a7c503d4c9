//! How much memory a record or a part of one takes, near enough: the letters of its texts and some words for everything else.
//!
//! Whoever made a call waits for this, so nothing is written for it: the record is gone over once, and counted.

use std::fmt::{self, Display};

use serde::Serialize;
use serde::ser::{self, Serializer};

/// What each value takes, of a text what it takes beside its letters.
const VALUE: usize = 3 * size_of::<usize>();

/// The bytes that a record, or a part of one, takes.
pub(crate) fn weight<T: Serialize>(part: &T) -> usize {
    let mut scale = Scale(0);
    // Nothing of ours refuses to be gone over; if something did, it would be too heavy.
    part.serialize(&mut scale).map_or(usize::MAX / 2, |()| scale.0)
}

/// Adds up what it is given.
struct Scale(usize);

impl Scale {
    fn value(&mut self, letters: usize) -> Result<(), Refused> {
        self.0 += VALUE + letters;
        Ok(())
    }
}

/// A value that refused to be gone over.
#[derive(Debug)]
struct Refused;

impl std::error::Error for Refused {}

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl ser::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// Values that have no parts.
macro_rules! plain {
    ($($name:ident: $of:ty),*) => {
        $(fn $name(self, _: $of) -> Result<(), Refused> {
            self.value(0)
        })*
    };
}

/// Values that have parts: these are gone over, and all that is left is the value itself.
macro_rules! with_parts {
    ($($name:ident($($argument:ty),*) -> $parts:ident;)*) => {
        $(fn $name(self, $(_: $argument),*) -> Result<Self::$parts, Refused> {
            self.value(0)?;
            Ok(self)
        })*
    };
}

impl Serializer for &mut Scale {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    plain!(
        serialize_bool: bool, serialize_char: char, serialize_f32: f32, serialize_f64: f64,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_unit_struct: &'static str
    );

    with_parts!(
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    );

    fn serialize_str(self, text: &str) -> Result<(), Refused> {
        self.value(text.len())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Refused> {
        self.value(bytes.len())
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        self.value(0)
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.value(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &str, _: u32, _: &str) -> Result<(), Refused> {
        self.value(0)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &str,
        _: u32,
        _: &str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }
}

/// The parts of a value, each of which is gone over.
macro_rules! parts {
    ($($of:ident: $name:ident($($key:ty)?);)*) => {
        $(impl ser::$of for &mut Scale {
            type Ok = ();
            type Error = Refused;

            fn $name<T: Serialize + ?Sized>(
                &mut self,
                $(_: $key,)?
                part: &T,
            ) -> Result<(), Refused> {
                part.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        })*
    };
}

parts!(
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
);

impl ser::SerializeMap for &mut Scale {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}
