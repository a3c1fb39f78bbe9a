BEGIN TRANSACTION;
CREATE TABLE batches (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, epoch INTEGER NOT NULL,
    step INTEGER NOT NULL, steps INTEGER NOT NULL, loss REAL NOT NULL, accuracy REAL NOT NULL,
    images_per_second REAL NOT NULL, PRIMARY KEY (run, epoch, step)
) WITHOUT ROWID;
INSERT INTO "batches" VALUES('16c5eb04c2d33607',1,1,5,2.35568523406982421875e+00,0.125,0.0);
INSERT INTO "batches" VALUES('16c5eb04c2d33607',1,5,5,2.3146253824234008789e+00,1.09374996274709701538e-01,1.83954425750101722772e+03);
INSERT INTO "batches" VALUES('16c5eb04c2d33607',2,2,5,2.30669355392456054687e+00,0.15625,3.56524043877413646433e+02);
INSERT INTO "batches" VALUES('16c5eb04c2d33607',2,5,5,2.298389434814453125e+00,1.45833343267440795898e-01,2.82353693565997502894e+02);
INSERT INTO "batches" VALUES('1a3459cbaf5704c5',1,1,5,2.29833626747131347656e+00,0.0625,0.0);
INSERT INTO "batches" VALUES('1a3459cbaf5704c5',1,5,5,2.29617232084274291992e+00,0.0781250037252903,3.33388932884553651101e+03);
INSERT INTO "batches" VALUES('1a3459cbaf5704c5',2,1,5,2.269618988037109375e+00,0.125,1.444880381712527253e+02);
INSERT INTO "batches" VALUES('1a3459cbaf5704c5',2,5,5,2.27818506956100463867e+00,1.09374996274709701538e-01,2.05304978271170085685e+02);
INSERT INTO "batches" VALUES('35b598b466a20556',1,1,5,2.27516937255859375e+00,0.125,0.0);
INSERT INTO "batches" VALUES('35b598b466a20556',1,5,5,2.23157155513763427734e+00,1.71874992549419403076e-01,3.17472458892140821265e+03);
INSERT INTO "batches" VALUES('ca04458016ec4bbd',1,1,1,2.293426513671875e+00,1.4814814925193786621e-01,0.0);
INSERT INTO "batches" VALUES('e1ff6cc5fa21f0ae',1,1,5,2.29188394546508789062e+00,0.1875,0.0);
INSERT INTO "batches" VALUES('e1ff6cc5fa21f0ae',1,5,5,2.2875620126724243164e+00,1.40625007450580596923e-01,6.23690299098287255236e+02);
INSERT INTO "batches" VALUES('e1ff6cc5fa21f0ae',2,5,5,2.27297329902648925781e+00,1.37500002980232238769e-01,5.28762863809352666065e+02);
CREATE TABLE begun (at REAL NOT NULL);
INSERT INTO "begun" VALUES(1.79576655870370507244e+09);
CREATE TABLE drawings (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, label INTEGER NOT NULL, read_as INTEGER NOT NULL,
    certainty REAL NOT NULL, model TEXT NOT NULL, digit BLOB NOT NULL, created REAL NOT NULL
);
INSERT INTO "drawings" VALUES(1,'mmmmmmmmmmmmmmmmmmmmmm',1,1,9.7226339578628540039e-01,'reference',X'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000FFFF0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',1.7957666176884672642e+09);
CREATE TABLE engines (
    id TEXT PRIMARY KEY, pid INTEGER NOT NULL, born REAL NOT NULL
);
INSERT INTO "engines" VALUES('f6fdf16527b7bf02',7562,0.0);
CREATE TABLE epochs (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, epoch INTEGER NOT NULL,
    complete INTEGER NOT NULL, loss REAL NOT NULL, accuracy REAL NOT NULL,
    val_loss REAL, val_accuracy REAL, test_loss REAL, test_accuracy REAL,
    seconds REAL NOT NULL, images INTEGER NOT NULL, PRIMARY KEY (run, epoch)
) WITHOUT ROWID;
INSERT INTO "epochs" VALUES('16c5eb04c2d33607',1,1,2.32283735275268554687e+00,1.1249999701976776123e-01,2.30350463643661651502e+00,0.0,2.30724995336470861673e+00,0.088,3.81422591500017915677e+00,80);
INSERT INTO "epochs" VALUES('16c5eb04c2d33607',2,1,2.30171108245849609375e+00,1.50000005960464477539e-01,2.30191848622776218391e+00,0.0,2.30282293369828749973e+00,0.087,4.75207414999886168516e-01,80);
INSERT INTO "epochs" VALUES('1a3459cbaf5704c5',1,1,2.29660511016845703125e+00,7.50000029802322387695e-02,2.34463549493919,0.0,2.30677214304309297077e+00,0.11,4.24389529199993376096e+00,80);
INSERT INTO "epochs" VALUES('1a3459cbaf5704c5',2,1,2.27647185325622558593e+00,1.1249999701976776123e-01,2.35481699672968058933e+00,0.0,2.30489213525220026923e+00,0.12,6.82198761000108788721e-01,80);
INSERT INTO "epochs" VALUES('35b598b466a20556',1,1,2.24029111862182617187e+00,1.6249999403953552246e-01,2.37162694177374344661e+00,0.0,2.30413020348913777368e+00,0.128,3.23933577899993,80);
INSERT INTO "epochs" VALUES('ca04458016ec4bbd',1,1,2.293426513671875e+00,1.4814814925193786621e-01,2.45406251217826110178e+00,0.0,2.32872846491381846334e+00,0.105,6.72826130899989,54);
INSERT INTO "epochs" VALUES('e1ff6cc5fa21f0ae',1,1,2.28842639923095703125e+00,1.50000005960464477539e-01,2.30804410597924070103e+00,0.0,2.29758978133862923343e+00,0.09,1.88755433400001493282e+00,80);
INSERT INTO "epochs" VALUES('e1ff6cc5fa21f0ae',2,1,2.27297329902648925781e+00,1.37500002980232238769e-01,2.30540201248565557179e+00,0.05,2.2941335045923820779e+00,0.106,1.69718767999938791035e-01,80);
CREATE TABLE loaded (
    run TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE, source TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, engine TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL, stop INTEGER NOT NULL DEFAULT 0,
    config TEXT NOT NULL, preset TEXT, parameters INTEGER NOT NULL,
    digits TEXT NOT NULL, pace TEXT, untrained TEXT, outcome TEXT,
    created REAL NOT NULL, started REAL, ended REAL
, origin TEXT, frozen INTEGER NOT NULL DEFAULT 0, requeued INTEGER NOT NULL DEFAULT 0);
INSERT INTO "runs" VALUES('1a3459cbaf5704c5','mmmmmmmmmmmmmmmmmmmmmm','f6fdf16527b7bf02','finished','{"text": "All {epochs} epochs were trained.", "values": {"epochs": 2}}',0,'{"network": "mlp", "hidden_layers": 1, "units1": 4, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 16, "epochs": 2, "train_images": 100, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,3190,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 80, "validation": 20, "test": 1000}','{"format": "float32", "threads": 2, "steps": 1}','{"loss": 2.308628675096199, "accuracy": 0.127}','{"ending": "finished", "epochs": 2, "kept_epoch": 2, "stopped_early": false, "seconds": 7.094760105999967, "images_per_second": 205.30497827117009}',1.7957665591199529171e+09,1.79576656021566796305e+09,1.79576658605841064453e+09,NULL,0,0);
INSERT INTO "runs" VALUES('ca04458016ec4bbd','mmmmmmmmmmmmmmmmmmmmmm','f6fdf16527b7bf02','finished','{"text": "All {epochs} epochs were trained.", "values": {"epochs": 1}}',0,'{"network": "cnn", "hidden_layers": 1, "units1": 128, "units2": 128, "units3": 128, "blocks": 1, "filters1": 2, "kernel1": 5, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 4, "dropout": 0.0, "activation": "relu", "loss": "categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 128, "epochs": 1, "train_images": 60, "validation": "split", "validation_split": 0.1, "patience": 0, "seed": 1}',NULL,1258,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 54, "validation": 6, "test": 1000}','{"format": "float32", "threads": 2, "steps": 1}','{"loss": 2.333424119540435, "accuracy": 0.1}','{"ending": "finished", "epochs": 1, "kept_epoch": 1, "stopped_early": false, "seconds": 9.44158252599982, "images_per_second": 0.0}',1.79576658618024301533e+09,1.79576658619455409044e+09,1.795766595858962059e+09,NULL,0,0);
INSERT INTO "runs" VALUES('35b598b466a20556','mmmmmmmmmmmmmmmmmmmmmm','f6fdf16527b7bf02','finished','{"text": "All {epochs} epochs were trained.", "values": {"epochs": 1}}',0,'{"network": "mlp", "hidden_layers": 1, "units1": 4, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 16, "epochs": 1, "train_images": 100, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,3190,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 80, "validation": 20, "test": 1000}','{"format": "float32", "threads": 2, "steps": 1}','{"loss": 2.3048921352522003, "accuracy": 0.12}','{"ending": "finished", "epochs": 1, "kept_epoch": 1, "stopped_early": false, "seconds": 4.119153147999896, "images_per_second": 3174.724588921408}',1.79576659595662021639e+09,1.79576659599168658252e+09,1.79576660061860609056e+09,'1a3459cbaf5704c5',0,0);
INSERT INTO "runs" VALUES('e1ff6cc5fa21f0ae','mmmmmmmmmmmmmmmmmmmmmm','f6fdf16527b7bf02','finished','{"text": "All {epochs} epochs were trained.", "values": {"epochs": 2}}',0,'{"network": "mlp", "hidden_layers": 1, "units1": 2, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 16, "epochs": 2, "train_images": 100, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,1600,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 80, "validation": 20, "test": 1000}','{"format": "float32", "threads": 2, "steps": 1}','{"loss": 2.299072395687891, "accuracy": 0.146}','{"ending": "finished", "epochs": 2, "kept_epoch": 2, "stopped_early": false, "seconds": 4.893062549999968, "images_per_second": 528.7628638093527}',1.79576660077232074736e+09,1.79576660094632816313e+09,1.79576660627747416499e+09,NULL,0,0);
INSERT INTO "runs" VALUES('16c5eb04c2d33607','mmmmmmmmmmmmmmmmmmmmmm','f6fdf16527b7bf02','finished','{"text": "All {epochs} epochs were trained.", "values": {"epochs": 2}}',0,'{"network": "mlp", "hidden_layers": 1, "units1": 3, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 16, "epochs": 2, "train_images": 100, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,2395,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 80, "validation": 20, "test": 1000}','{"format": "float32", "threads": 2, "steps": 1}','{"loss": 2.3215492003802094, "accuracy": 0.058}','{"ending": "finished", "epochs": 2, "kept_epoch": 2, "stopped_early": false, "seconds": 5.154773488000046, "images_per_second": 282.3536935659975}',1.79576660078845238687e+09,1.79576660639045810694e+09,1.79576661180032181742e+09,NULL,0,0);
INSERT INTO "runs" VALUES('10e62a09cbe008df','mmmmmmmmmmmmmmmmmmmmmm','f6fdf16527b7bf02','stopped','{"text": "Stopped by request after {epochs} whole epochs.", "values": {"epochs": 0}}',1,'{"network": "mlp", "hidden_layers": 1, "units1": 5, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 16, "epochs": 2, "train_images": 100, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}',NULL,3985,'{"name": "sample", "fingerprint": "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043", "train": 80, "validation": 20, "test": 1000}','{"format": "float32", "threads": 2, "steps": 1}','{"loss": 2.3163535613091546, "accuracy": 0.097}','{"ending": "stopped", "epochs": 0, "kept_epoch": 0, "stopped_early": false, "seconds": 0.584487063999859, "images_per_second": 0.0}',1.79576661197763419149e+09,1.79576661198873400691e+09,1.79576661286109542847e+09,NULL,0,0);
CREATE TABLE shelf (
    run TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    name TEXT NOT NULL DEFAULT '', pinned INTEGER NOT NULL DEFAULT 0, deleted REAL
) WITHOUT ROWID;
INSERT INTO "shelf" VALUES('1a3459cbaf5704c5','first of all',1,NULL);
CREATE TABLE sweep_runs (
    sweep TEXT NOT NULL REFERENCES sweeps ON DELETE CASCADE,
    seed INTEGER NOT NULL, cell INTEGER NOT NULL, run TEXT, tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sweep, seed, cell)
) WITHOUT ROWID;
INSERT INTO "sweep_runs" VALUES('b16c27e51321d821',0,0,'e1ff6cc5fa21f0ae',1);
INSERT INTO "sweep_runs" VALUES('b16c27e51321d821',0,1,'16c5eb04c2d33607',1);
CREATE TABLE sweeps (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, plan TEXT NOT NULL, digits TEXT NOT NULL,
    created REAL NOT NULL, stopped INTEGER NOT NULL DEFAULT 0
, removed REAL);
INSERT INTO "sweeps" VALUES('b16c27e51321d821','mmmmmmmmmmmmmmmmmmmmmm','{"lesson": "", "seeds": 1, "axes": [["units1", [2, 3]]], "cells": [["", {"network": "mlp", "hidden_layers": 1, "units1": 2, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 16, "epochs": 2, "train_images": 100, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}], ["", {"network": "mlp", "hidden_layers": 1, "units1": 3, "units2": 128, "units3": 128, "blocks": 1, "filters1": 32, "kernel1": 3, "pool1": true, "filters2": 64, "kernel2": 3, "pool2": true, "filters3": 64, "kernel3": 3, "pool3": false, "conv_dropout": 0.0, "dense": 128, "dropout": 0.2, "activation": "relu", "loss": "sparse_categorical_crossentropy", "optimizer": "adam", "learning_rate": 0.001, "momentum": 0.0, "batch_size": 16, "epochs": 2, "train_images": 100, "validation": "split", "validation_split": 0.2, "patience": 0, "seed": 1}]]}','2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043',1.79576660075353097918e+09,0,NULL);
CREATE INDEX runs_of ON runs (owner, created);
CREATE INDEX runs_by_status ON runs (status, created);
CREATE INDEX runs_by_end ON runs (status, ended);
CREATE INDEX sweeps_of ON sweeps (owner, created);
CREATE INDEX drawings_of ON drawings (owner, created);
COMMIT;
