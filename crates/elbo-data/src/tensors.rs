//! Checkpoints: named arrays in a safetensors file.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};

use crate::{Error, write_atomically};

/// The one metadata key: the format keeps metadata in no fixed order, so a
/// second key would make the bytes differ from run to run.
const METADATA_KEY: &str = "elbo";

/// The numbers of a tensor, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// Unsigned 64-bit integers: counters and seeds.
    U64(Vec<u64>),
}

/// Named tensors and one text, kept in a safetensors file.
///
/// Equal content gives equal bytes.
///
/// ```
/// use elbo_data::Tensors;
///
/// let mut tensors = Tensors::new();
/// tensors.insert_f32("weights", &[2, 3], vec![0.5; 6]);
/// tensors.set_metadata(r#"{"step": 10}"#);
/// let path = std::env::temp_dir().join(format!("elbo-{}.safetensors", std::process::id()));
/// tensors.write(&path)?;
///
/// let mut back = Tensors::read(&path)?;
/// assert_eq!(back.metadata(), Some(r#"{"step": 10}"#));
/// assert_eq!(back.take_f32("weights", &[2, 3])?, [0.5; 6]);
/// assert!(back.get_f32("weights", &[2, 3]).is_err());
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tensors {
    /// The path of the file, for errors; it is empty where the tensors were made in memory.
    path: PathBuf,
    entries: BTreeMap<String, (Vec<usize>, Values)>,
    metadata: Option<String>,
}

impl Tensors {
    /// No tensors and no metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of the tensors, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The shape and the values of a tensor, whatever they are.
    pub fn get(&self, name: &str) -> Option<(&[usize], &Values)> {
        self.entries.get(name).map(|(shape, values)| (shape.as_slice(), values))
    }

    /// The text beside the tensors.
    pub fn metadata(&self) -> Option<&str> {
        self.metadata.as_deref()
    }

    /// Replaces the text beside the tensors.
    pub fn set_metadata(&mut self, metadata: impl Into<String>) {
        self.metadata = Some(metadata.into());
    }

    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// [`Error::Tensors`] if the tensors are more than the format can hold.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let metadata =
            self.metadata.clone().map(|metadata| HashMap::from([(METADATA_KEY.to_owned(), metadata)]));
        let views = self.entries.iter().map(|(name, (shape, values))| (name, EntryView { shape, values }));
        safetensors::serialize(views, metadata)
            .map_err(|error| Error::Tensors { path: self.path.clone(), reason: error.to_string() })
    }

    /// Writes the file, replacing an old one in one step.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] as in [`write_atomically`].
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        write_atomically(path, &self.to_bytes()?)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is truncated or damaged or no safetensors
    /// file, or holds numbers of a type not in [`Values`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        let damaged = |error: safetensors::SafeTensorError| Error::Tensors {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
        let entries = SafeTensors::deserialize(&bytes)
            .map_err(damaged)?
            .iter()
            .map(|(name, view)| {
                let values = decode(&view).ok_or_else(|| Error::TensorType {
                    path: path.to_owned(),
                    name: name.to_owned(),
                    expected: "F32, F64 or U64".to_owned(),
                    actual: view.dtype().to_string(),
                })?;
                Ok((name.to_owned(), (view.shape().to_vec(), values)))
            })
            .collect::<Result<_, Error>>()?;
        let metadata = header.metadata().as_ref().and_then(|texts| texts.get(METADATA_KEY));
        Ok(Self { path: path.to_owned(), entries, metadata: metadata.cloned() })
    }

    fn insert(&mut self, name: &str, shape: &[usize], values: Values) {
        let expected: usize = shape.iter().product();
        assert_eq!(values.len(), expected, "tensor `{name}` of shape {shape:?} needs {expected} values");
        self.entries.insert(name.to_owned(), (shape.to_vec(), values));
    }

    /// The values of a tensor that must be there with this shape.
    fn checked(&self, name: &str, expected: &[usize]) -> Result<&Values, Error> {
        let path = || self.path.clone();
        let (shape, values) =
            self.get(name).ok_or_else(|| Error::TensorMissing { path: path(), name: name.to_owned() })?;
        if shape != expected {
            return Err(Error::TensorShape {
                path: path(),
                name: name.to_owned(),
                expected: expected.to_vec(),
                actual: shape.to_vec(),
            });
        }
        Ok(values)
    }
}

/// The three methods for one type of number.
macro_rules! typed {
    ($type:ty, $variant:ident, $insert:ident, $get:ident, $take:ident) => {
        impl Tensors {
            #[doc = concat!("Adds or replaces a tensor of `", stringify!($type), "`, in row-major order.")]
            ///
            /// # Panics
            ///
            /// If the number of values is not the product of the shape.
            pub fn $insert(&mut self, name: &str, shape: &[usize], values: Vec<$type>) {
                self.insert(name, shape, Values::$variant(values));
            }

            #[doc = concat!("The values of a tensor of `", stringify!($type), "`.")]
            ///
            /// # Errors
            ///
            /// A tensor that is missing or has another shape or type.
            pub fn $get(&self, name: &str, shape: &[usize]) -> Result<&[$type], Error> {
                match self.checked(name, shape)? {
                    Values::$variant(values) => Ok(values),
                    other => Err(Error::TensorType {
                        path: self.path.clone(),
                        name: name.to_owned(),
                        expected: Dtype::$variant.to_string(),
                        actual: other.dtype().to_string(),
                    }),
                }
            }

            #[doc = concat!("Moves the values of a tensor of `", stringify!($type), "` out.")]
            ///
            /// # Errors
            ///
            /// A tensor that is missing or has another shape or type; it stays.
            pub fn $take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<$type>, Error> {
                self.$get(name, shape)?;
                match self.entries.remove(name) {
                    Some((_, Values::$variant(values))) => Ok(values),
                    _ => unreachable!("the tensor was there with this type"),
                }
            }
        }
    };
}

typed!(f32, F32, insert_f32, get_f32, take_f32);
typed!(f64, F64, insert_f64, get_f64, take_f64);
typed!(u64, U64, insert_u64, get_u64, take_u64);

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }

    fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
            Self::U64(_) => Dtype::U64,
        }
    }
}

/// A tensor as the format's writer sees it.
struct EntryView<'a> {
    shape: &'a [usize],
    values: &'a Values,
}

impl View for EntryView<'_> {
    fn dtype(&self) -> Dtype {
        self.values.dtype()
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(match self.values {
            Values::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::F64(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::U64(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        })
    }

    fn data_len(&self) -> usize {
        self.values.len() * self.values.dtype().bitsize() / 8
    }
}

fn decode(view: &TensorView<'_>) -> Option<Values> {
    let data = view.data();
    Some(match view.dtype() {
        Dtype::F32 => Values::F32(numbers(data, f32::from_le_bytes)),
        Dtype::F64 => Values::F64(numbers(data, f64::from_le_bytes)),
        Dtype::U64 => Values::U64(numbers(data, u64::from_le_bytes)),
        _ => return None,
    })
}

fn numbers<T, const N: usize>(data: &[u8], number: fn([u8; N]) -> T) -> Vec<T> {
    data.as_chunks().0.iter().map(|&bytes| number(bytes)).collect()
}
