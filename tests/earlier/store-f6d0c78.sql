BEGIN TRANSACTION;
CREATE TABLE batches (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, epoch INTEGER NOT NULL,
    step INTEGER NOT NULL, steps INTEGER NOT NULL, loss REAL NOT NULL, accuracy REAL NOT NULL,
    images_per_second REAL NOT NULL, PRIMARY KEY (run, epoch, step)
) WITHOUT ROWID;
INSERT INTO "batches" VALUES('34566d0fb1aadc6d',1,1,1,2.36876416206359863281e+00,9.80392172932624816894e-02,0.0);
INSERT INTO "batches" VALUES('34566d0fb1aadc6d',2,1,1,2.323787689208984375e+00,3.92156876623630523681e-02,2.28651155450858914268e+03);
CREATE TABLE drawings (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, label INTEGER NOT NULL, read_as INTEGER NOT NULL,
    certainty REAL NOT NULL, model TEXT NOT NULL, digit BLOB NOT NULL, created REAL NOT NULL
);
INSERT INTO "drawings" VALUES(1,'ada',7,1,1.0,'reference',X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FA000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FA000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FA000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E',1.79572398991097235683e+09);
CREATE TABLE engines (
    id TEXT PRIMARY KEY, pid INTEGER NOT NULL, born REAL NOT NULL
);
INSERT INTO "engines" VALUES('05613f831c09602f',10963,0.0);
INSERT INTO "engines" VALUES('gone',1,1.0);
CREATE TABLE epochs (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, epoch INTEGER NOT NULL,
    complete INTEGER NOT NULL, loss REAL NOT NULL, accuracy REAL NOT NULL,
    val_loss REAL, val_accuracy REAL, test_loss REAL, test_accuracy REAL,
    seconds REAL NOT NULL, images INTEGER NOT NULL, PRIMARY KEY (run, epoch)
) WITHOUT ROWID;
INSERT INTO "epochs" VALUES('34566d0fb1aadc6d',1,1,2.36876416206359863281e+00,9.80392172932624816894e-02,2.37120627649736714914e+00,7.6923076923076927347e-02,2.34980181812704902455e+00,0.108,6.57416755999975066515e-01,51);
INSERT INTO "epochs" VALUES('34566d0fb1aadc6d',2,1,2.323787689208984375e+00,3.92156876623630523681e-02,2.35108192818663,1.53846153846153854694e-01,2.33033847946546490703e+00,0.115,2.23047199999655276769e-02,51);
CREATE TABLE loaded (
    run TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE, source TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, engine TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL, stop INTEGER NOT NULL DEFAULT 0,
    config TEXT NOT NULL, preset TEXT, parameters INTEGER NOT NULL,
    digits TEXT NOT NULL, pace TEXT, untrained TEXT, outcome TEXT,
    created REAL NOT NULL, started REAL, ended REAL
, origin TEXT, frozen INTEGER NOT NULL DEFAULT 0);
INSERT INTO "runs" VALUES('34566d0fb1aadc6d','ada','05613f831c09602f','finished','{"text": "All {epochs} epochs were trained.", "values": {"epochs": 2}}',0,'{"network": "mlp", "hidden_layers": 1, "units1": 8, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 128, "epochs": 2, "train_images": 64, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,6370,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 51, "validation": 13, "test": 1000}','{"format": "float32", "threads": 2, "steps": 1}','{"loss": 2.375586326511416, "accuracy": 0.097}','{"ending": "finished", "epochs": 2, "kept_epoch": 2, "stopped_early": false, "seconds": 0.9765977179999936, "images_per_second": 2286.511554508589}',1.79572396744721484189e+09,1.79572396794440746307e+09,1.79572397355315804476e+09,NULL,0);
INSERT INTO "runs" VALUES('752f136bd4cb99de','ada','gone','queued','{"text": "The run waits for its turn.", "values": {}}',0,'{"network": "cnn", "hidden_layers": 1, "units1": 128, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 128, "epochs": 3, "train_images": 60000, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,1000,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 51, "validation": 13, "test": 1000}',NULL,NULL,NULL,1.79572398990291547775e+09,NULL,NULL,'34566d0fb1aadc6d',1);
INSERT INTO "runs" VALUES('15e149a1bb820257','ada','gone','queued','{"text": "The run waits for its turn.", "values": {}}',1,'{"network": "mlp", "hidden_layers": 1, "units1": 128, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 128, "epochs": 3, "train_images": 60000, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}','mlp-128',1000,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 51, "validation": 13, "test": 1000}',NULL,NULL,NULL,1.79572398990489602091e+09,NULL,NULL,NULL,0);
INSERT INTO "runs" VALUES('4a1fc844b81be550','ada','gone','queued','{"text": "The run waits for its turn.", "values": {}}',0,'{"network": "mlp", "hidden_layers": 1, "units1": 128, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.0, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 128, "epochs": 10, "train_images": 60000, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,1000,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 51, "validation": 13, "test": 1000}',NULL,NULL,NULL,1.79572398993930554388e+09,NULL,NULL,NULL,0);
INSERT INTO "runs" VALUES('82631a080bdb33af','ada','gone','queued','{"text": "The run waits for its turn.", "values": {}}',0,'{"network": "mlp", "hidden_layers": 1, "units1": 128, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.4, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 128, "epochs": 10, "train_images": 60000, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,1000,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 51, "validation": 13, "test": 1000}',NULL,NULL,NULL,1.79572398994937801365e+09,NULL,NULL,NULL,0);
CREATE TABLE shelf (
    run TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    name TEXT NOT NULL DEFAULT '', pinned INTEGER NOT NULL DEFAULT 0, deleted REAL
) WITHOUT ROWID;
INSERT INTO "shelf" VALUES('15e149a1bb820257','',0,1.79572398990833711628e+09);
INSERT INTO "shelf" VALUES('34566d0fb1aadc6d','first of all',1,NULL);
CREATE TABLE sweep_runs (
    sweep TEXT NOT NULL REFERENCES sweeps ON DELETE CASCADE,
    seed INTEGER NOT NULL, cell INTEGER NOT NULL, run TEXT, tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sweep, seed, cell)
) WITHOUT ROWID;
INSERT INTO "sweep_runs" VALUES('b1035586f08bcac0',0,0,'4a1fc844b81be550',1);
INSERT INTO "sweep_runs" VALUES('b1035586f08bcac0',0,1,'82631a080bdb33af',1);
CREATE TABLE sweeps (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, plan TEXT NOT NULL, digits TEXT NOT NULL,
    created REAL NOT NULL, stopped INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "sweeps" VALUES('b1035586f08bcac0','ada','{"lesson": "", "seeds": 1, "axes": [["dropout", [0.0, 0.4]]], "cells": [["", {"network": "mlp", "hidden_layers": 1, "units1": 128, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.0, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 128, "epochs": 10, "train_images": 60000, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}], ["", {"network": "mlp", "hidden_layers": 1, "units1": 128, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.4, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 128, "epochs": 10, "train_images": 60000, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}]]}','2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043',1.79572398993464207644e+09,0);
CREATE INDEX runs_of ON runs (owner, created);
CREATE INDEX runs_by_status ON runs (status, created);
CREATE INDEX sweeps_of ON sweeps (owner, created);
CREATE INDEX drawings_of ON drawings (owner, created);
COMMIT;
