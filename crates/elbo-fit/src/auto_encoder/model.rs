//! A fitted auto-encoder, on rows old and new.

use std::path::{Path, PathBuf};

use elbo::{
    burn::tensor::Device,
    engine::Reader,
    guide::Family,
    random::{Key, Purpose},
};
use elbo_data::{Column, Table};

use super::{
    audit::{self, Asking, Audit},
    config::{Config, DataConfig},
    evaluate::{self, Measures},
    infer::{self, Inference},
    kept::read_model,
    networks::{Networks, Ours},
    page::draw_latent,
    prepare::{Prepared, read_for},
};
use crate::{
    asked::{Asked, Evaluation, Told},
    error::Error,
    fitted::{About, Fitted},
    observer::Observer,
    rows, table,
};

/// Rows encoded at a time, a whole number of the library's chunks.
const ROWS: usize = 1 << 15;

/// A fitted auto-encoder.
#[derive(Debug)]
pub struct AutoEncoder {
    path: PathBuf,
    config: Config,
    reader: Box<dyn Reader>,
}

/// Rows as pictures: values in [0, 1], or nearly.
#[derive(Debug)]
pub struct Pictures {
    /// A row each.
    pub rows: Vec<Vec<f32>>,
    /// What becomes of each.
    pub reconstructions: Vec<Vec<f32>>,
    /// Height and width.
    pub shape: (usize, usize),
}

impl AutoEncoder {
    /// Reads the best model of a run folder, or a model file.
    ///
    /// # Errors
    /// Where there is none.
    pub fn load(path: &Path, device: &Device) -> Result<Self, Error> {
        Self::load_of(&Ours, path, device)
    }

    /// The same of networks, or a likelihood, of one's own.
    ///
    /// # Errors
    /// As for [`Self::load`]; where the model is of other networks.
    pub fn load_of(networks: &impl Networks, path: &Path, device: &Device) -> Result<Self, Error> {
        let (config, networks) = read_model(networks, path, device)?;
        Ok(Self { path: path.into(), config, reader: networks.reader(device) })
    }

    /// Where it was read: a run folder, or a model file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it was made.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model and its guide, to be asked by the values of rows.
    pub fn reader(&self) -> &dyn Reader {
        &*self.reader
    }

    /// The bound of rows, and estimates of log p(x).
    ///
    /// # Errors
    /// Where the rows cannot be read, or are not such as the model is of.
    pub fn evaluate(
        &self,
        rows: &Asked,
        measures: &Measures,
        observer: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        evaluate::evaluate((&self.config, &*self.reader), rows, measures, observer)
    }

    /// q(z) of each row by itself: of all rows, or of so many drawn from the seed. `k` is the number of samples of the bound
    /// that is raised, 1 for the ELBO.
    ///
    /// # Errors
    /// As for [`Self::evaluate`]; where z is not one layer of Gaussians.
    pub fn infer(
        &self,
        rows: &Asked,
        number: Option<usize>,
        k: usize,
        inference: &Inference,
        seed: u64,
        observer: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        let model = (&self.config, &*self.reader);
        infer::infer(model, rows, number, k, inference, seed, observer)
    }

    /// Where the nats are lost; a run folder keeps the figures.
    ///
    /// # Errors
    /// As for [`Self::infer`]; where there are fewer than two rows.
    pub fn audit(&self, rows: &Asked, asked: &Asking, observer: &dyn Observer) -> Result<Audit, Error> {
        audit::audit(&self.path, (&self.config, &*self.reader), rows, asked, observer)
    }

    /// The latent mean and standard deviation of each row.
    ///
    /// # Errors
    /// As for [`Self::evaluate`].
    pub fn encode(&self, rows: &Asked, observer: &dyn Observer) -> Result<Told, Error> {
        let data = self.encoded(rows, None, observer)?;
        let (latent, family) = (self.reader.latent(), self.reader.family());
        let width = family.width(latent);
        let mut columns = vec![Vec::with_capacity(data.rows); 2 * width];
        for x in data.x.chunks(ROWS * self.reader.width()) {
            let encoded = self.reader.encode(x)?;
            for (c, column) in columns.iter_mut().enumerate() {
                let values = if c < width { &encoded.mean } else { &encoded.standard_deviation };
                column.extend(values.iter().skip(c % width).step_by(width).map(|&v| f64::from(v)));
            }
        }
        let layers = self.reader.layers();
        // z_j, or its class k as j_k; of two layers z1_j and z2_j.
        let name = |c: usize| match family {
            Family::Categorical(classes) => format!("{}_{}", c / classes + 1, c % classes + 1),
            _ if layers.len() > 1 && c < layers[0] => format!("z1_{}", c + 1),
            _ if layers.len() > 1 => format!("z2_{}", c - layers[0] + 1),
            _ => (c + 1).to_string(),
        };
        let mut output = Table::new();
        for (c, column) in columns.into_iter().enumerate() {
            let what = if c < width { "mean" } else { "sd" };
            output.push(format!("{what}_{}", name(c % width)), Column::Real(column));
        }
        Ok(Told::new(output, data.labels))
    }

    /// The first rows, or all, after their way through z and back: x → z → x.
    ///
    /// # Errors
    /// As for [`Self::evaluate`].
    pub fn reconstruct(
        &self,
        rows: &Asked,
        number: Option<usize>,
        observer: &dyn Observer,
    ) -> Result<Told, Error> {
        let data = self.encoded(rows, number, observer)?;
        let x = self.reader.reconstruct(&data.x)?;
        Ok(Told::new(self.table(&x), data.labels))
    }

    /// The same as pictures.
    ///
    /// # Errors
    /// As for [`Self::evaluate`]; where rows are no images.
    pub fn reconstruct_pictures(
        &self,
        rows: &Asked,
        number: Option<usize>,
        observer: &dyn Observer,
    ) -> Result<Pictures, Error> {
        let data = self.encoded(rows, number, observer)?;
        let x = self.reader.reconstruct(&data.x)?;
        let (rows, reconstructions) = (self.rows(&data.x), self.rows(&x));
        Ok(Pictures { rows, reconstructions, shape: self.shape()? })
    }

    /// New rows in the units of the stored data: z from the prior, and E[x|z], or x drawn from p(x|z).
    ///
    /// # Errors
    /// Never, for a model that was fitted.
    pub fn sample(&self, number: usize, draw: bool, seed: u64) -> Result<Told, Error> {
        Ok(Told::new(self.table(&self.drawn(number, draw, seed)?), None))
    }

    /// The same as pictures.
    ///
    /// # Errors
    /// Where rows are no images.
    pub fn sample_pictures(&self, number: usize, draw: bool, seed: u64) -> Result<Pictures, Error> {
        let rows = self.rows(&self.drawn(number, draw, seed)?);
        Ok(Pictures { rows, reconstructions: Vec::new(), shape: self.shape()? })
    }

    /// What it is of.
    pub fn about(&self) -> About {
        let DataConfig { rows, columns, fingerprint, source, .. } = self.config.data.clone();
        let data = rows::DataConfig { rows, columns: columns.clone(), fingerprint, source };
        About { elbo: self.config.elbo.clone(), columns, data }
    }

    /// Rows as the encoder is given them: all, or the first.
    fn encoded(
        &self,
        rows: &Asked,
        number: Option<usize>,
        observer: &dyn Observer,
    ) -> Result<Prepared, Error> {
        let likelihood = self.reader.likelihood();
        let mut data = read_for((&self.config, likelihood), rows, observer)?;
        data.truncate(number.unwrap_or(usize::MAX));
        data.as_encoded(self.config.fit.binarise(likelihood))?;
        Ok(data)
    }

    fn drawn(&self, number: usize, draw: bool, seed: u64) -> Result<Vec<f32>, Error> {
        let seed = Key::new(seed);
        let z = draw_latent(&*self.reader, number, seed);
        if !draw {
            return Ok(self.reader.decode(&z)?);
        }
        let key = seed.purpose(Purpose::Sample).purpose(Purpose::Binarise);
        Ok(self.reader.sample(&z, key)?)
    }

    fn rows(&self, x: &[f32]) -> Vec<Vec<f32>> {
        x.chunks(self.reader.width()).map(<[f32]>::to_vec).collect()
    }

    fn shape(&self) -> Result<(usize, usize), Error> {
        let remedy = "train with «image HxW»";
        self.config.image().ok_or_else(|| Error::request("the rows of this model are no images", remedy))
    }

    /// Rows of x in the units of the stored data.
    fn table(&self, x: &[f32]) -> Table {
        let stored: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        let data = &self.config.data;
        table::of(&data.columns, &data.taken.scaling.undo_rows(&stored))
    }
}

/// As any fitted model: it says the latents of rows, and draws x and not only its mean.
impl Fitted for AutoEncoder {
    fn predict(&self, _: &About, asked: &Asked, _: usize, watch: &dyn Observer) -> Result<Told, Error> {
        self.encode(asked, watch)
    }

    fn sample(&self, _: &About, number: usize, seed: u64, _: &dyn Observer) -> Result<Told, Error> {
        Self::sample(self, number, true, seed)
    }

    fn evaluate(
        &self,
        _: &About,
        asked: &Asked,
        number: Option<usize>,
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        Self::evaluate(self, asked, &Measures { rows: number, seed, ..Measures::default() }, watch)
    }

    fn reconstruct(
        &self,
        _: &About,
        asked: &Asked,
        number: Option<usize>,
        watch: &dyn Observer,
    ) -> Result<Told, Error> {
        Self::reconstruct(self, asked, number, watch)
    }
}
