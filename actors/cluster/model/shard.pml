/* One shard that several nodes may own, one after the other: lease, epoch, handoff and commit.

   A node can be slow for any time at any point, and its statements can stay under way for any time:
   both are interleavings. A node can die at any point. A lease can run out at any point; all that is
   assumed of clocks is that a node counts its own lease from earlier than the database does.

   What must hold, whatever happens:
     A  an acknowledged or published write is stored and stays stored
     B  no write is stored twice
     C  epochs never go back along the story
     D  what an owner answers from its memory holds every write acknowledged before

   Guards that can be taken out (-D…), each of which must lead to a counter-example:
     NO_FENCE               a commit does not look at the epoch
     NO_LOCK                it looks, but the epoch may be raised between that and the rows
     NO_KEY                 (user_id, seq) is no primary key
     LOAD_BEFORE_EPOCH      a new owner loads first and raises the epoch then
     ACK_BEFORE_COMMIT      writes are acknowledged when they are sent to the database
     READ_WITHOUT_LEASE     an owner answers from memory although its own lease is over */

#define NODES 3
#define WRITES 3
#define ALL ((1 << WRITES) - 1)
#ifndef EPOCHS
#define EPOCHS 4   /* how often the epoch is raised in one run; 5 take five times as long */
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 4 /* statements sent in one run */
#endif
#define NOBODY NODES

#ifdef READ_WITHOUT_LEASE
#define may_answer true
#else
#define may_answer lease[me]
#endif

/* What PostgreSQL holds. Each of its transactions is one step. */
byte owner = NOBODY;
byte epoch;       /* the fence */
byte stored;      /* the writes in the story, a bit each */
byte under[EPOCHS + 1]; /* the same, by the epoch that stored them */
byte seq;         /* the length of the story */
byte last_epoch;  /* of the newest event */

/* Statements under way; they arrive in any order, or long after their sender gave up or died. */
chan statements = [ATTEMPTS] of { byte /* node */, byte /* attempt */, byte /* epoch */,
                                  byte /* seq */, byte /* writes */ };

mtype = { nothing, committed, refused };
mtype answer[NODES] = nothing;
byte waits_for[NODES]; /* the attempt whose answer a node takes; 0: none */

/* What nodes and clients believe. */
bool lease[NODES];     /* by the node's own clock */
byte acknowledged;     /* told to clients or pushed to subscribers */
byte attempts;

active proctype database() {
  byte who, attempt, its_epoch, its_seq, writes;
  bool passes;
end:
  do
  :: atomic {
       statements ?? who, attempt, its_epoch, its_seq, writes;
#ifdef NO_FENCE
       passes = true
#else
       passes = its_epoch == epoch /* under the shared lock, which lasts until the rows are stored */
#endif
#ifdef NO_LOCK
     }
     atomic {
#endif
#ifndef NO_KEY
       passes = passes && its_seq == seq + 1;
#endif
       if
       :: passes ->
            assert((stored & writes) == 0);      /* B */
            assert(last_epoch <= its_epoch);     /* C */
            stored = stored | writes;
            under[its_epoch] = under[its_epoch] | writes;
            seq++;
            last_epoch = its_epoch
       :: else
       fi;
       if
       :: waits_for[who] == attempt && passes -> answer[who] = committed
       :: waits_for[who] == attempt && !passes -> answer[who] = refused
       :: else /* nobody waits any more */
       fi;
       passes = false; who = 0; attempt = 0; its_epoch = 0; its_seq = 0; writes = 0
     }
  od
}

/* Time, and the other nodes that notice it: a lease ends; later its shard is freed under a new epoch. */
active proctype expiry() {
end:
  do
  :: atomic { lease[0] -> lease[0] = false }
  :: atomic { lease[1] -> lease[1] = false }
  :: atomic { lease[2] -> lease[2] = false }
  :: atomic {
       owner != NOBODY && epoch < EPOCHS ->
       if
       :: !lease[owner] -> epoch++; owner = NOBODY
       :: else
       fi
     }
  od
}

inline raise_epoch() {
  atomic {
    owner == NOBODY && epoch < EPOCHS ->
    epoch++;
    owner = me;
    my_epoch = epoch;
    lease[me] = true
  }
}

inline load() {
  atomic { memory = stored; my_seq = seq }
}

inline acknowledge(writes) {
  acknowledged = acknowledged | writes;
  assert((acknowledged & stored) == acknowledged) /* A */
}

inline forget() {
  answer[me] = nothing; waits_for[me] = 0; batch = 0
}

/* What the writer sends: some of the writes that the memory does not have, as one unit. Clients send
   a write again, to any node, until it is acknowledged. */
inline send() {
  attempts++;
  waits_for[me] = attempts;
  statements !! me, attempts, my_epoch, my_seq + 1, batch
#ifdef ACK_BEFORE_COMMIT
  ; acknowledge(batch)
#endif
}

active [NODES] proctype node() {
  byte me = _pid - 2; /* the database and the clocks come before */
  byte my_epoch, memory, my_seq, batch;
  bool known;

end_without:
  do
  ::
#ifdef LOAD_BEFORE_EPOCH
     load();
     raise_epoch();
#else
     raise_epoch();
     load();
#endif
end_serving:
     do
     :: atomic { /* decide and send; one unit is under way at a time */
          batch == 0 && attempts < ATTEMPTS && memory != ALL ->
          if
          :: batch = 1 | 2
          :: batch = 2
          :: batch = 4
          fi;
          batch = batch & ~memory;
          if
          :: batch != 0 -> send()
          :: else
          fi
        }
     :: atomic { /* stored, then applied, then acknowledged and published */
          answer[me] == committed ->
          memory = memory | batch;
          my_seq++;
          acknowledge(batch);
          forget()
        }
     :: atomic { answer[me] == refused -> forget() } -> break /* fenced or superseded: the session ends */
     :: atomic { /* the connection broke: whether it was stored is not known, so it is read back */
          batch != 0 -> answer[me] = nothing; waits_for[me] = 0
        }
        atomic {
          known = (under[my_epoch] & batch) == batch; /* this very unit, not another's */
          memory = stored;
          my_seq = seq;
          if
          :: known -> acknowledge(batch); forget()
          :: else ->
               batch = batch & ~memory;
               if
               :: attempts < ATTEMPTS -> send() /* the first may still be under way */
               :: else -> forget()
               fi
          fi;
          known = false
        }
     :: atomic { /* a client sends again what is stored already: also an answer from memory */
          may_answer && (memory & ~acknowledged) -> acknowledge(memory)
        }
     :: atomic { /* a read from memory */
          may_answer && (acknowledged & ~memory) -> assert(false) /* D */
        }
     :: atomic { !lease[me] && owner == me && epoch == my_epoch -> lease[me] = true } /* a renewal */
     :: atomic { !lease[me] && batch == 0 -> skip } -> break /* closes its shard by itself */
     :: atomic { /* handoff: nothing is under way, then the epoch is raised */
          batch == 0 && owner == me && epoch == my_epoch && epoch < EPOCHS ->
          epoch++; owner = NOBODY
        } -> break
     :: atomic { forget(); lease[me] = false } -> goto end_dead
     od;
     atomic { memory = 0; my_seq = 0; my_epoch = 0; batch = 0 }
  od;

end_dead:
  false
}
