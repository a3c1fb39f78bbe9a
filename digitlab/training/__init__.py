"""Training with Keras, which only this folder imports, and only in processes that train.

``loading`` imports TensorFlow and Keras, ``keras_model`` builds a model, and ``trainer`` trains it.
``continuing`` is about runs that continue training from another run. ``speed`` chooses execution
settings from this machine's speed, which ``calibration`` measures, and ``estimates`` predicts how
long a run will take. The web process imports ``continuing``, ``speed`` and ``estimates`` alone.
"""
