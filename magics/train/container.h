/* Container: training as in SageMaker's training container ("Use Your Own Training
 * Algorithms", AWS developer guide). Under a root, /opt/ml there, a test's folder here:
 *
 *     input/config/hyperparameters.json    {"epochs": "3"}: texts
 *     input/config/inputdataconfig.json    {"train": {"ContentType": ...}}; may be absent
 *     input/config/resourceconfig.json     {"hosts": [...]}: one; may be absent
 *     input/data/train, validation         pictures: RecordIO, folders, lists (.lst, also
 *                                          in the channels train_lst, validation_lst);
 *                                          rows: CSV, no header, the label first
 *     input/data/model                     weights to start from: a model's folder or
 *                                          model.tar.gz
 *     checkpoints/                         if it is there: a training of pictures that
 * was killed goes on from it model/                               the model's folder, as
 * %deploy serves it output/failure                       why it failed
 *
 * Exit code 0: there is a model. SIGTERM stops, and leaves the best model so far. The
 * outputs of a model of pictures stand in the order of the labels' numbers. */
#ifndef ATELIER_MAGICS_TRAIN_CONTAINER_H
#define ATELIER_MAGICS_TRAIN_CONTAINER_H

/* `atelier train [--root FOLDER] [--algorithm NAME]`, as a container is started. Without
 * a name the data says it: pictures are image-classification's, rows linear-learner's. */
int at_container_main(int argc, char **argv);

#endif
