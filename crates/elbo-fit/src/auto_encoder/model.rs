//! A fitted auto-encoder, on rows old and new.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use elbo::{
    burn::tensor::Device,
    engine::Reader,
    guide::Family,
    minibatch::Rows,
    random::{Key, Purpose},
};
use elbo_data::{Column, ColumnKind, Table, nearest};

use super::{
    anomalies,
    audit::{self, Audit, AuditRequest},
    config::{Config, DataConfig},
    density::Stored,
    evaluate::{self, Measures},
    impute,
    infer::{self, Inference},
    kept::read_model,
    networks::{Networks, StandardNetworks},
    page::draw_latent,
    prepare::{Prepared, read_for},
};
use crate::{
    anomalies::{Anomalies, DRAWN, Measured, Surprises, USUAL, anomalies as scored},
    columns::listed,
    error::Error,
    fitted::{Fitted, Latents, Means, ModelMetadata, Pictures},
    impute::{Imputation, Imputed, completed, told},
    number::significant,
    observer::Observer,
    query::{Answer, Approximation, Evaluation, Query, Selection},
    rows,
    source::Source,
    table,
    text::Text,
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

impl AutoEncoder {
    /// Reads the best model of a run folder, or a model file.
    ///
    /// # Errors
    /// It fails where there is none.
    pub fn load(path: &Path, device: &Device) -> Result<Self, Error> {
        Self::load_of(&StandardNetworks, path, device)
    }

    /// Does the same for networks, or a likelihood, of one's own.
    ///
    /// # Errors
    /// As for [`Self::load`]; where the model is of other networks.
    pub fn load_of(networks: &impl Networks, path: &Path, device: &Device) -> Result<Self, Error> {
        let (config, networks) = read_model(networks, path, device)?;
        Ok(Self { path: path.into(), config, reader: networks.reader(device) })
    }

    /// The path that it was read from: a run folder, or a model file.
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
    /// It fails where the rows cannot be read, or are not such as the model is of.
    pub fn evaluate(
        &self,
        rows: &Query,
        measures: &Measures,
        observer: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        evaluate::evaluate((&self.config, &*self.reader), rows, measures, observer)
    }

    /// The ELBO of the validation rows of the fit, in nats, and the rows' numbers from 0, by the draws by which the fit told it.
    pub(crate) fn of_validation(
        &self,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(Vec<usize>, Vec<f64>), Error> {
        evaluate::of_validation((&self.config, &*self.reader), memory, observer)
    }

    /// q(z) of each row by itself: of all rows, or of so many drawn from the seed. `k` is the number of samples of the bound
    /// that is raised, 1 for the ELBO.
    ///
    /// # Errors
    /// As for [`Self::evaluate`]; where z is not one layer of Gaussians.
    pub fn infer(
        &self,
        rows: &Query,
        number: Option<usize>,
        k: usize,
        inference: &Inference,
        seed: u64,
        observer: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        let model = (&self.config, &*self.reader);
        infer::infer(model, rows, number, k, inference, seed, observer)
    }

    /// Audits the model: finds where the nats of rows are lost. A run folder keeps the figures.
    ///
    /// # Errors
    /// As for [`Self::infer`]; where there are fewer than two rows.
    pub fn audit(&self, rows: &Query, asked: &AuditRequest, observer: &dyn Observer) -> Result<Audit, Error> {
        audit::audit(&self.path, (&self.config, &*self.reader), rows, asked, observer)
    }

    /// The latent mean and standard deviation of each row.
    ///
    /// # Errors
    /// As for [`Self::evaluate`].
    pub fn encode(&self, rows: &Query, observer: &dyn Observer) -> Result<Answer, Error> {
        let data = self.encoded(rows, observer)?;
        let width = self.reader.columns();
        let mut columns = vec![Vec::with_capacity(data.rows); 2 * width];
        for x in data.x.chunks(ROWS * self.reader.width()) {
            let encoded = self.reader.encode(x)?;
            for (c, column) in columns.iter_mut().enumerate() {
                let values = if c < width { &encoded.mean } else { &encoded.standard_deviation };
                column.extend(values.iter().skip(c % width).step_by(width).map(|&v| f64::from(v)));
            }
        }
        let mut output = Table::new();
        for (c, column) in columns.into_iter().enumerate() {
            let what = if c < width { "mean" } else { "sd" };
            output.push(format!("{}_{what}", self.latent_name(c % width)), Column::Real(column));
        }
        Ok(Answer::of("row", 0..data.rows, data.labels, output))
    }

    /// Column c of z: `z_j`, or its class k as `z_j_k`; of two layers `z1_j` and `z2_j`.
    fn latent_name(&self, c: usize) -> String {
        let layers = self.reader.layers();
        match self.reader.family() {
            Family::Categorical(classes) => format!("z_{}_{}", c / classes + 1, c % classes + 1),
            _ if layers.len() > 1 && c < layers[0] => format!("z1_{}", c + 1),
            _ if layers.len() > 1 => format!("z2_{}", c - layers[0] + 1),
            _ => format!("z_{}", c + 1),
        }
    }

    /// Rows after their way through z and back: x → z → x.
    ///
    /// # Errors
    /// As for [`Self::evaluate`].
    pub fn reconstruct(
        &self,
        rows: &Query,
        which: Selection,
        observer: &dyn Observer,
    ) -> Result<Answer, Error> {
        let data = self.encoded(rows, observer)?;
        let index = which.of(data.rows);
        let x = self.reader.reconstruct(&self.selected(&data, &index))?;
        let labels = data.labels.map(|labels| index.iter().map(|&row| labels[row].clone()).collect());
        Ok(Answer::of("row", index, labels, self.table(&x, false)))
    }

    /// The table of the rows with its missing cells filled in (E35), in the columns and the units of its file; observed cells are
    /// untouched.
    ///
    /// # Errors
    /// As for [`Self::evaluate`]; where z is not one layer of Gaussians, or the model was fitted to rows without missing cells
    /// as one likelihood of all columns.
    pub fn impute(
        &self,
        rows: &Query,
        asked: &Imputation,
        observer: &dyn Observer,
    ) -> Result<Imputed, Error> {
        let DataConfig { columns, variables, source, .. } = &self.config.data;
        if variables.is_empty() {
            return Err(Error::request(
                "this model was fitted to rows without missing cells, and takes none that have some",
                "a fit to a table with missing cells fills them in; «elbo factors» and «elbo mixture» take both",
            ));
        }
        let data = self.encoded(rows, observer)?;
        let (cells, effective) =
            impute::missing_cells((&self.config, &*self.reader), &data, asked, observer)?;
        let whole = |source: &Source| source.whole(rows.memory, columns);
        let frame = source.for_model(rows.source.as_ref(), whole)?;
        let rows = completed(&frame, columns, variables, &cells, asked)?;
        Ok(Imputed { rows, facts: told(&cells, &effective, asked.draws) })
    }

    /// How odd rows are, and which of their cells make them so.
    ///
    /// # Errors
    /// As for [`Self::evaluate`]; where z is not one layer of Gaussians.
    pub fn anomalies(&self, rows: &Query, seed: u64, observer: &dyn Observer) -> Result<Anomalies, Error> {
        let DataConfig { columns, variables, taken, .. } = &self.config.data;
        let data = self.encoded(rows, observer)?;
        let (key, width) = (Key::new(seed).purpose(Purpose::Evaluate), columns.len());
        let of = anomalies::surprises(&*self.reader, &data.x, key.fold(0), observer)?;
        let drawn = self.drawn(DRAWN, true, seed)?;
        let usual = anomalies::surprises(&*self.reader, &drawn[..USUAL * width], key.fold(1), &())?;
        let stored = Stored::of(&self.config, self.reader.likelihood());
        let of = Surprises { log_density: stored.rows(of.log_density), ..of };
        let kinds: Vec<ColumnKind> = match &variables[..] {
            [] => vec![ColumnKind::Real; width],
            variables => variables.iter().map(|of| of.kind).collect(),
        };
        let x: Vec<f64> = data.x.iter().map(|&x| f64::from(x)).collect();
        let shown = |d: usize, x: f64| match variables.get(d) {
            Some(variable) => variable.shown(x),
            None => significant(x),
        };
        let measured = Measured {
            names: columns,
            kinds: &kinds,
            x: &taken.scaling.undo_rows(&x),
            labels: data.labels,
            shown: &shown,
        };
        Ok(scored(&measured, &of, &self.stored(&drawn), &usual, Approximation::Estimate))
    }

    /// Gives the same rows as pictures.
    ///
    /// # Errors
    /// As for [`Self::evaluate`]; where rows are no images.
    pub fn reconstruct_pictures(
        &self,
        rows: &Query,
        which: Selection,
        observer: &dyn Observer,
    ) -> Result<Pictures, Error> {
        let data = self.encoded(rows, observer)?;
        let originals = self.selected(&data, &which.of(data.rows));
        let x = self.reader.reconstruct(&originals)?;
        let (rows, reconstructions) = (self.rows(&originals), self.rows(&x));
        Ok(Pictures { rows, reconstructions, shape: self.shape()? })
    }

    /// New rows in the units of the stored data: z from the prior, and E[x|z], or x drawn from p(x|z).
    ///
    /// # Errors
    /// It never fails for a model that was fitted.
    pub fn sample(&self, number: usize, draw: bool, seed: u64) -> Result<Answer, Error> {
        Ok(Answer::new(self.table(&self.drawn(number, draw, seed)?, draw)))
    }

    /// New rows whose cells of some columns are given, as (name, cell): the other cells are drawn given those. With them, what is
    /// to be known of the draws.
    ///
    /// # Errors
    /// It fails where there is no such column, or a cell is not such as it holds; where z is not one layer of Gaussians, or the
    /// model is of rows that have all cells.
    pub fn sample_given(
        &self,
        cells: &[(String, String)],
        number: usize,
        seed: u64,
    ) -> Result<(Answer, Option<Text>), Error> {
        let DataConfig { columns, variables, taken, .. } = &self.config.data;
        if variables.is_empty() {
            return Err(Error::request(
                "this model is of rows that have all their cells, and draws none given some",
                "a fit to a table with text or missing cells does; «likelihood COLUMN=FAMILY» asks for a family for each column",
            ));
        }
        let mut x = vec![f32::NAN; columns.len()];
        for (name, cell) in cells {
            let Some(d) = columns.iter().position(|column| column == name) else {
                let message = format!("the model has no column `{name}`");
                return Err(Error::request(
                    message,
                    format!("name one of {}", listed(&nearest(name, columns))),
                ));
            };
            let stored = variables[d].read(cell).map_err(|known| {
                Error::request(format!("`{cell}` cannot stand in column `{name}`"), format!("give {known}"))
            })?;
            x[d] = ((stored - taken.scaling.offset(d)) / taken.scaling.divisor(d)) as f32;
        }
        if let Some(wrong) = self.reader.likelihood().unsupported(&Rows::all(&x, columns.len())) {
            let message = format!("{} cannot stand in column `{}`", wrong.value, columns[wrong.column]);
            return Err(Error::request(message, format!("its family needs {}", wrong.needs)));
        }
        let (drawn, size) =
            impute::given(&*self.reader, &x, number, Key::new(seed).purpose(Purpose::Sample))?;
        let few = size < 50.0;
        let text = format!(
            "only about {size:.0} draws of z count, in effect: such rows are rare, and these may be too much alike"
        );
        Ok((Answer::new(self.table(&drawn, true)), few.then(|| text.into())))
    }

    /// The rows as pictures.
    ///
    /// # Errors
    /// It fails where rows are no images.
    pub fn sample_pictures(&self, number: usize, draw: bool, seed: u64) -> Result<Pictures, Error> {
        let rows = self.rows(&self.drawn(number, draw, seed)?);
        Ok(Pictures { rows, reconstructions: Vec::new(), shape: self.shape()? })
    }

    /// What it is of.
    pub fn about(&self) -> ModelMetadata {
        let DataConfig { rows, columns, fingerprint, source, .. } = self.config.data.clone();
        let data =
            rows::DataConfig { rows, columns: columns.clone(), fingerprint, row_weights: None, source };
        ModelMetadata { elbo: self.config.elbo.clone(), columns, data }
    }

    /// Rows as the encoder is given them.
    fn encoded(&self, rows: &Query, observer: &dyn Observer) -> Result<Prepared, Error> {
        let likelihood = self.reader.likelihood();
        let mut data = read_for((&self.config, likelihood), rows, observer)?;
        data.as_encoded(self.config.fit.binarise(likelihood))?;
        Ok(data)
    }

    /// Some of these rows; all of them are not copied.
    fn selected<'a>(&self, data: &'a Prepared, index: &[usize]) -> Cow<'a, [f32]> {
        if index.len() == data.rows {
            return Cow::Borrowed(&data.x);
        }
        let width = self.reader.width();
        let row = |&row: &usize| data.x[row * width..(row + 1) * width].iter().copied();
        index.iter().flat_map(row).collect::<Vec<f32>>().into()
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

    /// Rows of x as the stored data have them, means or draws.
    fn table(&self, x: &[f32], drawn: bool) -> Table {
        let (DataConfig { columns, variables, .. }, stored) = (&self.config.data, self.stored(x));
        if variables.is_empty() {
            return table::of(columns, &stored);
        }
        let mut table = Table::new();
        for (d, (name, variable)) in columns.iter().zip(variables).enumerate() {
            let cells = stored.iter().skip(d).step_by(columns.len()).copied().collect();
            table.push(name, variable.column(cells, drawn));
        }
        table
    }

    /// The values row after row.
    fn stored(&self, x: &[f32]) -> Vec<f64> {
        let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        self.config.data.taken.scaling.undo_rows(&x)
    }
}

/// An auto-encoder as any fitted model: it says the latents of rows, and draws x and not only its mean.
impl Fitted for AutoEncoder {
    fn predict(
        &self,
        _: &ModelMetadata,
        asked: &Query,
        _: usize,
        watch: &dyn Observer,
    ) -> Result<Answer, Error> {
        self.encode(asked, watch)
    }

    fn sample(&self, _: &ModelMetadata, number: usize, seed: u64, _: &dyn Observer) -> Result<Answer, Error> {
        Self::sample(self, number, true, seed)
    }

    fn evaluate(
        &self,
        _: &ModelMetadata,
        asked: &Query,
        number: Option<usize>,
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        Self::evaluate(self, asked, &Measures { rows: number, seed, ..Measures::default() }, watch)
    }

    fn reconstruct(
        &self,
        _: &ModelMetadata,
        asked: &Query,
        which: Selection,
        watch: &dyn Observer,
    ) -> Result<Answer, Error> {
        Self::reconstruct(self, asked, which, watch)
    }

    fn latents(&self) -> Option<&dyn Latents> {
        Some(self)
    }
}

/// x is a function of z, of two layers of the first of them.
impl Latents for AutoEncoder {
    fn names(&self) -> Vec<String> {
        let width = self.reader.family().width(self.reader.layers()[0]);
        (0..width).map(|c| self.latent_name(c)).collect()
    }

    fn family(&self) -> Family {
        self.reader.family()
    }

    fn means(&self, _: &ModelMetadata, asked: &Query, watch: &dyn Observer) -> Result<Means, Error> {
        let data = self.encoded(asked, watch)?;
        let (width, all) = (self.names().len(), self.reader.columns());
        let mut z = Vec::with_capacity(width * data.rows);
        for x in data.x.chunks(ROWS * self.reader.width()) {
            let mean = self.reader.encode(x)?.mean;
            z.extend(mean.chunks_exact(all).flat_map(|z| z[..width].iter().map(|&z| f64::from(z))));
        }
        Ok(Means { z, labels: data.labels })
    }

    fn decode(&self, z: &[f64]) -> Result<Vec<f64>, Error> {
        let (width, all) = (self.names().len(), self.reader.columns());
        // Nothing of x depends on the second layer.
        let whole = |z: &[f64]| -> Vec<f32> {
            z.iter().map(|&z| z as f32).chain(std::iter::repeat_n(0.0, all - width)).collect()
        };
        let z: Vec<f32> = z.chunks_exact(width).flat_map(whole).collect();
        Ok(self.stored(&self.reader.decode(&z)?))
    }

    fn pictures(&self, x: &[f64]) -> Option<Pictures> {
        let shape = self.config.image()?;
        let scaling = &self.config.data.taken.scaling;
        let width = self.reader.width();
        let pixel = |(d, &x): (usize, &f64)| ((x - scaling.offset(d)) / scaling.divisor(d)) as f32;
        let rows = x.chunks(width).map(|row| row.iter().enumerate().map(pixel).collect()).collect();
        Some(Pictures { rows, reconstructions: Vec::new(), shape })
    }
}
