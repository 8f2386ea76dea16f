//! Documents as counts of words.

use crate::{Error, check, random::Key, terms::Mean};

use elbo_kernels::allocation::Document;

/// Documents as rows of a sparse matrix: the words that occur in each, and how often.
///
/// ```
/// use elbo::mean_field::lda::Counts;
/// let counts = Counts::from_tokens(5, [&[0, 3, 3, 1][..], &[]])?;
/// assert_eq!((counts.documents(), counts.tokens(), counts.document_tokens(0)), (2, 4.0, 4.0));
/// let same = Counts::new(5, vec![0, 3, 3], vec![0, 1, 3], vec![1, 1, 2])?;
/// assert_eq!(counts, same);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    vocabulary: usize,
    offsets: Vec<usize>,
    words: Vec<u32>,
    occurrences: Vec<u32>,
    /// How many documents each stands for; one, where there are none.
    weights: Option<Vec<f64>>,
}

impl Counts {
    /// Of a vocabulary of V words; document d has `words[offsets[d]..offsets[d + 1]]`, each less than V, and their
    /// `counts`. A document may have none, and a word may stand in it more than once.
    ///
    /// # Errors
    /// Where the offsets do not begin at 0, fall, or do not end with the words; where there are not as many counts as
    /// words; where a word is not in the vocabulary.
    pub fn new(
        vocabulary: usize,
        offsets: Vec<usize>,
        words: Vec<u32>,
        counts: Vec<u32>,
    ) -> Result<Self, Error> {
        Error::check_shape("the counts", &[words.len()], &[counts.len()])?;
        check::at_least("the number of offsets", offsets.len(), 1)?;
        check::equal("the first offset", offsets[0], 0, "where the first document begins")?;
        check::equal("the last offset", offsets[offsets.len() - 1], words.len(), "the number of entries")?;
        offsets.windows(2).try_for_each(|pair| check::at_least("an offset", pair[1], pair[0]))?;
        let of = "words of the vocabulary";
        words.iter().try_for_each(|&word| check::index("a word", word as usize, vocabulary, of))?;
        Ok(Self { vocabulary, offsets, words, occurrences: counts, weights: None })
    }

    /// Returns the same documents, each of which counts as so many that are alike.
    ///
    /// ```
    /// use elbo::mean_field::lda::Counts;
    /// let counts = Counts::from_tokens(2, [&[0][..], &[1, 0, 1]])?.weighted(vec![2.0, 0.5])?;
    /// assert_eq!((counts.documents(), counts.number(), counts.tokens()), (2, 2.5, 3.5));
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// Where there are not as many weights as documents, or one is negative or no number, or all are 0.
    pub fn weighted(self, weights: Vec<f64>) -> Result<Self, Error> {
        Error::check_shape("the weights of the documents", &[self.documents()], &[weights.len()])?;
        weights
            .iter()
            .try_for_each(|&weight| check::in_range("a document's weight", weight, 0.0..).map(drop))?;
        check::positive("the sum of the weights", weights.iter().sum())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// Of documents as lists of words, in any order.
    ///
    /// # Errors
    /// Where a word is not in the vocabulary.
    pub fn from_tokens<'a>(
        vocabulary: usize,
        documents: impl IntoIterator<Item = &'a [u32]>,
    ) -> Result<Self, Error> {
        let (mut offsets, mut words, mut counts) = (vec![0], Vec::new(), Vec::new());
        for document in documents {
            let mut tokens = document.to_vec();
            tokens.sort_unstable();
            for same in tokens.chunk_by(|a, b| a == b) {
                words.push(same[0]);
                counts.push(same.len() as u32);
            }
            offsets.push(words.len());
        }
        Self::new(vocabulary, offsets, words, counts)
    }

    /// D, the number of documents.
    pub fn documents(&self) -> usize {
        self.offsets.len() - 1
    }

    /// V, the number of words of the vocabulary.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// Pairs of a document and a word in it.
    pub fn entries(&self) -> usize {
        self.words.len()
    }

    /// Whether documents count other than once each.
    pub fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// How many documents document d stands for.
    pub fn weight(&self, d: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[d])
    }

    /// How many documents they stand for together.
    pub fn number(&self) -> f64 {
        self.weights.as_ref().map_or(self.documents() as f64, |weights| weights.iter().sum())
    }

    /// The sum of a figure over the documents, each as often as it counts.
    pub(super) fn sum(&self, of_documents: &[f64]) -> f64 {
        match &self.weights {
            Some(weights) => of_documents.iter().zip(weights).map(|(x, weight)| x * weight).sum(),
            None => of_documents.iter().sum(),
        }
    }

    /// N, the sum of all counts, those of each document as often as it counts.
    pub fn tokens(&self) -> f64 {
        if self.weights.is_some() {
            return (0..self.documents()).map(|d| self.weight(d) * self.document_tokens(d)).sum();
        }
        self.occurrences.iter().map(|&count| f64::from(count)).sum()
    }

    /// The length of document d.
    pub fn document_tokens(&self, document: usize) -> f64 {
        self.document(document).counts.iter().map(|&count| f64::from(count)).sum()
    }

    /// The words of a document, and how often each occurs there.
    ///
    /// # Panics
    /// Where there is no such document.
    pub fn words(&self, document: usize) -> impl Iterator<Item = (u32, u32)> {
        let Document { words, counts } = self.document(document);
        words.iter().copied().zip(counts.iter().copied())
    }

    /// The documents of these numbers, in their order.
    ///
    /// # Panics
    /// Where there is no such document.
    ///
    /// ```
    /// use elbo::mean_field::lda::Counts;
    /// let counts = Counts::from_tokens(3, [&[0, 1][..], &[], &[2]])?;
    /// assert_eq!(counts.select(&[2, 0]), Counts::from_tokens(3, [&[2][..], &[0, 1]])?);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    #[must_use]
    pub fn select(&self, documents: &[usize]) -> Self {
        let mut part = Self {
            vocabulary: self.vocabulary,
            offsets: vec![0],
            words: Vec::new(),
            occurrences: Vec::new(),
            weights: self.weights.as_ref().map(|weights| documents.iter().map(|&d| weights[d]).collect()),
        };
        for &d in documents {
            let Document { words, counts } = self.document(d);
            part.words.extend(words);
            part.occurrences.extend(counts);
            part.offsets.push(part.words.len());
        }
        part
    }

    /// Nats per token, from those of each document: Σ nats / N. The documents are taken for draws of which the lengths are
    /// random too, so the standard error is that of a ratio (Cochran 1977, *Sampling techniques*, chapter 6). NaN of no
    /// token.
    ///
    /// ```
    /// use elbo::mean_field::lda::Counts;
    /// let counts = Counts::from_tokens(2, [&[0][..], &[1, 0, 1]])?;
    /// let mean = counts.per_token(&[-1.0, -5.0]);
    /// assert_eq!((mean.value, mean.standard_error), (-1.5, 0.25));
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn per_token(&self, nats: &[f64]) -> Mean {
        let tokens = self.tokens();
        let value = self.sum(nats) / tokens;
        let residual =
            |(d, nats): (usize, &f64)| self.weight(d) * (nats - value * self.document_tokens(d)).powi(2);
        let squares: f64 = nats.iter().enumerate().map(residual).sum();
        let n = self.number();
        let standard_error = if n > 1.0 { (squares * n / (n - 1.0)).sqrt() / tokens } else { f64::NAN };
        Mean { value, standard_error }
    }

    /// Two documents of each: every token goes to the one or the other with probability ½.
    #[must_use]
    pub fn halves(&self, key: Key) -> (Self, Self) {
        let mut halves = [self, self].map(|_| (vec![0], Vec::new(), Vec::new()));
        for d in 0..self.documents() {
            let Document { words, counts } = self.document(d);
            let mut coins = vec![0.5; counts.iter().map(|&count| count as usize).sum()];
            key.bernoulli(d as u64, &mut coins);
            let mut coins = coins.iter();
            for (&word, &count) in words.iter().zip(counts) {
                let heads = coins.by_ref().take(count as usize).filter(|&&coin| coin == 1.0).count() as u32;
                for ((_, words, counts), part) in halves.iter_mut().zip([heads, count - heads]) {
                    if part > 0 {
                        words.push(word);
                        counts.push(part);
                    }
                }
            }
            for (offsets, words, _) in &mut halves {
                offsets.push(words.len());
            }
        }
        halves
            .map(|(offsets, words, occurrences)| Self {
                vocabulary: self.vocabulary,
                offsets,
                words,
                occurrences,
                weights: self.weights.clone(),
            })
            .into()
    }

    /// The words of document d and their counts.
    pub(super) fn document(&self, d: usize) -> Document<'_> {
        let entries = self.offsets[d]..self.offsets[d + 1];
        Document { words: &self.words[entries.clone()], counts: &self.occurrences[entries] }
    }
}
