"""Training with Keras: the only folder that loads it, and only in processes that train.

``loading`` loads it, ``keras_model`` builds a network, and ``trainer`` trains it.
``going_on`` is about runs that continue others; ``speed`` knows how fast this machine trains, as
``calibration`` has measured it, and ``estimates`` how long a run will take. The web process imports
``going_on``, ``speed`` and ``estimates`` alone.
"""
