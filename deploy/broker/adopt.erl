%% adopt.erl - prepares a RabbitMQ 3.10 that older versions of Purse used: "rabbitmqctl eval" with
%% this text, after deploy/broker/definitions was loaded. Run it as often as you like.
%%
%% Queues used to have their limits as arguments, which no one can change, so no one could
%% declare them with other arguments. The policies have the same limits now. This removes the
%% arguments in place: no message moves, and the queues are never without their limits. It also
%% makes quorum the kind of queue that the virtual host declares by default, unless that would
%% contradict a queue of someone else.
VHost = <<"/">>,
Ours = [<<"wallet_queue">>, <<"wallet_queue.dead">>, <<"statement_queue">>, <<"statement_queue.dead">>],
Atomic = fun rabbit_misc:execute_mnesia_transaction/1,
Kind = fun(Q) -> [A || {<<"x-queue-type">>, _, _} = A <- amqqueue:get_arguments(Q)] end,
Adopt = fun(Name) ->
    R = rabbit_misc:r(VHost, queue, Name),
    case rabbit_amqqueue:lookup(R) of
        {ok, Q} ->
            case amqqueue:get_arguments(Q) =:= Kind(Q) of
                true -> ok;
                false ->
                    undefined =/= amqqueue:get_policy(Q) orelse
                        error({there_is_no_policy_for, Name}),
                    Atomic(fun() -> rabbit_amqqueue:update(R,
                        fun(Old) -> amqqueue:set_arguments(Old, Kind(Old)) end) end),
                    {ok, New} = rabbit_amqqueue:lookup(R),
                    amqqueue:get_type(New) =:= rabbit_quorum_queue andalso
                        rabbit_quorum_queue:policy_changed(New),
                    io:format("~s: its limits are a policy now~n", [Name])
            end;
        _ -> ok
    end
end,
lists:foreach(Adopt, Ours),
Others = [element(4, amqqueue:get_name(Q)) || Q <- rabbit_amqqueue:list(VHost),
    amqqueue:get_type(Q) =:= rabbit_classic_queue, amqqueue:is_durable(Q),
    not amqqueue:is_auto_delete(Q), amqqueue:get_exclusive_owner(Q) =:= none, Kind(Q) =:= []],
case Others of
    [] ->
        Atomic(fun() -> rabbit_vhost:update_metadata(VHost,
            fun(M) -> M#{default_queue_type => <<"quorum">>} end) end);
    _ ->
        [io:format("~s is a classic queue that was declared without a kind, so the kind of queue"
            " that is declared by default stays classic~n", [Name]) || Name <- Others]
end,
ok.
