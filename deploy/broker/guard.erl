%% guard.erl - ends RabbitMQ once its quorum queues have ended for good: the text of its -eval.
%%
%% If writes to its log fail, as on a full disk, RabbitMQ gives up its quorum queues and runs on
%% without them: it lets clients in and refuses every message, even when there is room again. What
%% supervises the server starts it again once it has ended.
Here = fun() -> [Name || Q <- rabbit_amqqueue:list(), amqqueue:get_type(Q) =:= rabbit_quorum_queue,
    {Name, Node} <- [amqqueue:get_pid(Q)], Node =:= node()] end,
%% all, some, or none (while the server starts or stops) of the queues run
State = fun() ->
    try rabbit:is_running() andalso [whereis(Name) || Name <- Here()] of
        false -> none;
        Found -> case lists:member(undefined, Found) of true -> some; false -> all end
    catch _:_ -> none
    end
end,
%% Look twice: a queue can be in the middle of its declaration.
Watch = fun Again(Last, Worked) ->
    timer:sleep(2000),
    case State() of
        some when Last =:= some, Worked ->
            io:format(standard_error, "quorum queues have ended: ending the server~n", []),
            erlang:halt(1);
        Now -> Again(Now, Worked orelse Now =:= all)
    end
end,
spawn(fun() -> Watch(none, false) end).
