"""Training with Keras, which only this folder imports, and only in processes that train.

``loading`` imports TensorFlow and Keras, ``keras_model`` builds a model, ``compiled`` has it traced
for one run after the other, and ``trainer`` trains it: ``loop`` computes the steps, ``evaluation``
the scores, and ``kept_files`` chooses what is kept.
``continuing`` is about runs that continue training from another run. ``speed`` chooses execution
settings from this machine's speed, which ``calibration`` measures, and ``estimates`` predicts how
long a run will take. The web process imports ``continuing``, ``speed`` and ``estimates`` alone.
"""
